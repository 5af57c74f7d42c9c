"""A gRPC server that tells its health and drains before it stops."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence

import grpc
import structlog
from grpc_health.v1 import health_pb2_grpc
from grpc_health.v1.health import SERVICE_NAME as HEALTH_SERVICE
from grpc_reflection.v1alpha import reflection

from service_kit.health import HealthReporter
from service_kit.rpc_edge import RpcEdge
from service_kit.traced_rpcs import TracedRpcs
from service_kit.tracing import is_tracing

# Longer than the longest upload may take, so that ageing never cuts one off.
_AGE_GRACE_MS = 3_660_000
# In bytes, above the largest that the contracts allow: a batch of which all files but one were
# refused for every reason there is. gRPC refuses a larger one before it is there.
MAX_MESSAGE_SIZE = 512 * 1024

_log = structlog.get_logger(__name__)


def build_server(service: str) -> grpc.aio.Server:
    """A server for `service` (its full name), with deadlines, metrics and errors at its edge.

    Connections end after 5 minutes (gRPC adds 10 % jitter), so that clients find new replicas.
    """
    return grpc.aio.server(
        interceptors=[*([TracedRpcs(service)] if is_tracing() else []), RpcEdge(service)],
        options=[
            ("grpc.so_reuseport", 0),
            ("grpc.max_connection_age_ms", 300_000),
            ("grpc.max_connection_age_grace_ms", _AGE_GRACE_MS),
            ("grpc.http2.min_ping_interval_without_data_ms", 20_000),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.max_receive_message_length", MAX_MESSAGE_SIZE),
            # What a client may send ahead of what is read, for each call. By default it grows with
            # the speed of the line to many MB, which nobody counts.
            ("grpc.http2.bdp_probe", 0),
            ("grpc.http2.lookahead_bytes", 256 * 1024),
        ],
    )


async def serve(
    server: grpc.aio.Server,
    *,
    address: str,
    health: HealthReporter,
    reflected_services: Sequence[str],
    grace_seconds: float,
    on_stop: Callable[[], Awaitable[None]],
    on_drain: Callable[[], None] | None = None,
    credentials: grpc.ServerCredentials | None = None,
) -> None:
    """Serve at `address` until SIGTERM or SIGINT, then drain and call `on_stop`.

    Calls that run at that moment have `grace_seconds` to finish; the health says NOT_SERVING before
    the first new one is refused. `on_drain` is called then: it ends the calls that would last as
    long as their callers like. Raises RuntimeError where `address` cannot be listened on.
    `reflected_services` are described to clients that ask; none when reflection is off. With
    `credentials` (`grpc_tls.server_credentials`) only TLS is spoken, without only plain text.
    """
    health_pb2_grpc.add_HealthServicer_to_server(health.servicer, server)
    if reflected_services:
        names = (*reflected_services, HEALTH_SERVICE, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)
    if credentials is None:
        server.add_insecure_port(address)
    else:
        server.add_secure_port(address, credentials)
    stopping = _stop_signal()
    await health.enter_startup()
    await server.start()
    _log.info("serving", address=address, tls=credentials is not None)
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(health.watch())
        await stopping.wait()
        _log.info("draining", grace_seconds=grace_seconds)
        watching.cancel()
        await health.enter_shutdown()
    if on_drain:
        on_drain()
    await server.stop(grace_seconds)
    await on_stop()
    _log.info("stopped")


def _stop_signal() -> asyncio.Event:
    """Set by SIGTERM or SIGINT from now on."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping
