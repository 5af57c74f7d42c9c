"""Builds the gateway."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from prometheus_client import Gauge

from photo_domain.limits import UPLOAD_LIMITS
from photo_objects.buffer_budget import BufferBudget
from photo_objects.errors import StorageUnavailableError
from photo_objects.original_writer import OriginalWriter
from photo_objects.storage_probe import check_writable
from photo_objects.store_url import StorageUrlError, open_store
from service_kit.grpc_channel import open_channel
from service_kit.start_check import blamed_on
from upload_gateway.adapters import Adapters
from upload_gateway.ingest_client import IngestClient
from upload_gateway.problems import install_problem_handlers
from upload_gateway.receive_upload import UploadReceiver
from upload_gateway.request_edge import RequestEdge
from upload_gateway.routes import (
    home,
    photo_objects,
    probes,
    task_actions,
    task_status,
    upload,
    visitor,
)
from upload_gateway.session import SessionCookies
from upload_gateway.settings import GatewaySettings
from upload_gateway.status_client import StatusClient

_BUFFERED = Gauge("upload_buffer_bytes", "Bytes of upload buffers that are reserved")
_BUFFERED_PEAK = Gauge("upload_buffer_peak_bytes", "The most that was ever reserved")
_WAITING = Gauge("uploads_waiting_for_buffer", "Files that wait for room in memory")


def build_app(settings: GatewaySettings) -> RequestEdge:
    """The app of the HTTP API. Its channels open with its lifespan.

    Exits with code 2 where STORAGE_URL cannot be used.
    """
    with blamed_on("STORAGE_URL", StorageUrlError):
        store = open_store(settings.storage_url)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        channels = {
            "ingest-service": open_channel(settings.ingest_target),
            "status-service": open_channel(settings.status_target),
        }
        with blamed_on("STORAGE_URL", StorageUnavailableError):
            await check_writable(store)
        originals = OriginalWriter(store, _budget(settings))
        ingest = IngestClient(channels["ingest-service"])
        app.state.adapters = Adapters(
            cookies=SessionCookies(settings.session_secret.get_secret_value()),
            limits=UPLOAD_LIMITS,
            receiver=UploadReceiver(originals, ingest, UPLOAD_LIMITS),
            ingest=ingest,
            status=StatusClient(channels["status-service"]),
            channels=channels,
        )
        yield
        for channel in channels.values():
            await channel.close()

    app = FastAPI(
        title="Photo Uploading Service",
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    install_problem_handlers(app)
    for routes in (home, upload, task_status, task_actions, photo_objects, visitor, probes):
        app.include_router(routes.router)
    # Outside of everything: an answer to an unexpected error has its id too.
    return RequestEdge(app)


def _budget(settings: GatewaySettings) -> BufferBudget:
    budget = BufferBudget(settings.upload_buffer_bytes)
    _BUFFERED.set_function(lambda: budget.reserved)
    _BUFFERED_PEAK.set_function(lambda: budget.peak)
    _WAITING.set_function(lambda: budget.waiting)
    return budget
