"""A gateway over gRPC services whose answers the test decides."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from types import ModuleType
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from photo.ingest.v1 import ingest_service_pb2_grpc as ingest_grpc
from photo.status.v1 import status_service_pb2_grpc as status_grpc
from photo_domain.limits import UPLOAD_LIMITS
from service_kit.grpc_channel import open_channel
from service_kit.grpc_server import build_server
from upload_gateway.adapters import Adapters
from upload_gateway.ingest_client import IngestClient
from upload_gateway.problems import install_problem_handlers
from upload_gateway.session import SessionCookies
from upload_gateway.status_client import StatusClient


@pytest.fixture
async def open_gateway() -> AsyncIterator[Callable[..., Any]]:
    """Opens some routes over these services; the client of a visitor without a session."""
    async with AsyncExitStack() as stack:

        async def served(service: str, register: Callable[..., None], servicer: Any) -> Any:
            server = build_server(f"photo.{service}")
            register(servicer, server)
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            stack.push_async_callback(server.stop, None)
            channel = open_channel(f"dns:///127.0.0.1:{port}")
            stack.push_async_callback(channel.close)
            return channel

        async def start(
            routes: list[ModuleType],
            status: status_grpc.StatusServiceServicer,
            ingest: ingest_grpc.IngestServiceServicer | None = None,
        ) -> httpx.AsyncClient:
            ingest_channel = await served(
                "ingest.v1.IngestService",
                ingest_grpc.add_IngestServiceServicer_to_server,
                ingest or ingest_grpc.IngestServiceServicer(),
            )
            status_channel = await served(
                "status.v1.StatusService",
                status_grpc.add_StatusServiceServicer_to_server,
                status,
            )
            app = FastAPI()
            install_problem_handlers(app)
            for each in routes:
                app.include_router(each.router)
            app.state.adapters = Adapters(
                cookies=SessionCookies("s" * 32),
                limits=UPLOAD_LIMITS,
                receiver=None,  # type: ignore[arg-type] - nothing is uploaded
                ingest=IngestClient(ingest_channel),
                status=StatusClient(status_channel),
                channels={},
            )
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            client = httpx.AsyncClient(transport=transport, base_url="http://gateway")
            return await stack.enter_async_context(client)

        yield start
