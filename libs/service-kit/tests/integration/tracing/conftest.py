"""A process that traces what it does, and what arrives at the collector."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import grpc
import pytest

from photo.status.v1 import status_service_pb2_grpc as pb_grpc
from service_kit.grpc_server import build_server
from service_kit.settings import TracedSettings
from service_kit.tracing import start_tracing, stop_tracing


@pytest.fixture(autouse=True)
def is_tracing(trace_collector: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Before servers and channels are built, which ask whether anything is traced."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")  # milliseconds
    trace_collector.spans.clear()
    start_tracing(
        TracedSettings(otel_exporter_otlp_endpoint=trace_collector.endpoint), "tests", "service-kit"
    )
    yield
    stop_tracing()


@pytest.fixture
def spans(trace_collector: Any) -> Callable[[int], Awaitable[list[Any]]]:
    """Everything that was traced, once it is so much; from then on nothing is."""

    async def collected(count: int) -> list[Any]:
        wait = trace_collector.wait_until
        await asyncio.to_thread(wait, lambda: len(trace_collector.spans) >= count)
        stop_tracing()
        return list(trace_collector.spans)

    return collected


@pytest.fixture
async def untraced_stub(service: Any) -> AsyncIterator[Any]:
    """A client of `service` that traces nothing itself."""
    server = build_server(service.name)
    service.add_to(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield pb_grpc.StatusServiceStub(channel)
    await server.stop(None)
