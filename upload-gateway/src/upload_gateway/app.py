"""Builds the gateway."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from photo_domain.limits import UPLOAD_LIMITS
from photo_objects.errors import StorageUnavailableError
from photo_objects.original_writer import OriginalWriter
from photo_objects.storage_probe import check_writable
from photo_objects.store_url import StorageUrlError, open_store
from photo_uploads.receive_upload import UploadReceiver
from photo_uploads.upload_capacity import UploadCapacity
from service_kit.grpc_channel import open_channel
from service_kit.grpc_tls import client_files
from service_kit.request_edge import RequestEdge
from service_kit.start_check import blamed_on
from service_kit.tracing import stop_tracing
from upload_gateway.access_edge import AccessEdge
from upload_gateway.adapters import Adapters
from upload_gateway.api_key_file import ApiKeyFileError
from upload_gateway.api_keys import ApiKeys
from upload_gateway.csrf import CSRF_HEADER
from upload_gateway.ingest_client import IngestClient
from upload_gateway.openapi_document import complete_openapi
from upload_gateway.problems import install_problem_handlers
from upload_gateway.rate_limits import RateLimits
from upload_gateway.routes.admin import admin_router
from upload_gateway.routes.all_routers import ROUTERS
from upload_gateway.session import SessionCookies
from upload_gateway.settings import GatewaySettings
from upload_gateway.status_client import StatusClient
from upload_gateway.stop_signal import on_stop_signal


async def check_storage(settings: GatewaySettings) -> None:
    """Exit with code 2 where no file can be stored. Before uvicorn, which has a code of its own."""
    with blamed_on("STORAGE_URL", StorageUrlError, StorageUnavailableError):
        await check_writable(open_store(settings.storage_url))


def build_app(settings: GatewaySettings) -> RequestEdge:
    """The app of the HTTP API. Its channels open with its lifespan.

    Exits with code 2 where STORAGE_URL, API_KEYS_FILE or a file of GRPC_TLS_* cannot be used.
    """
    with blamed_on("STORAGE_URL", StorageUrlError):
        store = open_store(settings.storage_url)
    with blamed_on("API_KEYS_FILE", ApiKeyFileError):
        keys = ApiKeys(settings.api_keys_file)
    files = client_files(settings)
    cookies = SessionCookies(settings.session_secret.get_secret_value())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        channels = {
            "ingest-service": open_channel(settings.ingest_target, files),
            "status-service": open_channel(settings.status_target, files),
        }
        capacity = UploadCapacity(settings.upload_buffer_bytes, UPLOAD_LIMITS)
        originals = OriginalWriter(store, capacity.budget)
        ingest = IngestClient(channels["ingest-service"])
        app.state.adapters = Adapters(
            cookies=cookies,
            limits=UPLOAD_LIMITS,
            receiver=UploadReceiver(originals, ingest, UPLOAD_LIMITS),
            ingest=ingest,
            status=StatusClient(channels["status-service"]),
            channels=channels,
            keys=keys,
            keys_required=settings.auth == "required",
            cors_origins=frozenset(settings.cors_origins),
            places=capacity.places,
        )
        following = asyncio.create_task(keys.follow())
        with on_stop_signal(app.state.adapters.status.watch.stop):
            yield
        following.cancel()
        for channel in channels.values():
            await channel.close()
        await asyncio.to_thread(stop_tracing)

    app = FastAPI(
        title="Photo Uploading Service",
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        # Its own spans tell paths and queries, which name tasks; ours are RequestEdge's.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    install_problem_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    if settings.admin_url:
        app.include_router(admin_router(settings.admin_url))
    complete_openapi(app, keys_required=settings.auth == "required")
    app.add_middleware(
        AccessEdge,
        keys=keys,
        cookies=cookies,
        rates=RateLimits(settings.requests_per_minute, settings.upload_bytes_per_hour),
        keys_required=settings.auth == "required",
        max_body_size=UPLOAD_LIMITS.max_body_size,
    )
    if settings.cors_origins:
        _allow_origins(app, settings.cors_origins)
    # Outside of everything: an answer to an unexpected error has its id too.
    return RequestEdge(app)


def _allow_origins(app: FastAPI, origins: Sequence[str]) -> None:
    """Let pages of `origins` use the API and read what its answers carry (Fetch standard, CORS)."""
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_credentials=True,
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=[
            "Authorization",
            CSRF_HEADER,
            "Idempotency-Key",
            "If-None-Match",
            "Last-Event-ID",
            "Prefer",
            "X-Request-ID",
            "traceparent",
        ],
        expose_headers=[
            "Link",
            "Content-Disposition",
            "ETag",
            "Location",
            "Preference-Applied",
            "RateLimit",
            "RateLimit-Policy",
            "Retry-After",
            "X-Request-ID",
        ],
    )
