"""The program that asks the server of its own machine for its health."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from grpc_health.v1 import health_pb2_grpc

from local_stack.ports import free_ports
from service_kit.grpc_server import build_server
from service_kit.grpc_tls import server_credentials
from service_kit.health import HealthReporter
from service_kit.settings import GrpcServerSettings


async def answer() -> None:
    """A dependency that is there."""


async def fail() -> None:
    raise ConnectionError


@asynccontextmanager
async def serving(health: HealthReporter, files: Mapping[str, Path]) -> AsyncIterator[int]:
    server = build_server("test.Service")
    health_pb2_grpc.add_HealthServicer_to_server(health.servicer, server)
    credentials = server_credentials(GrpcServerSettings(**files))
    if credentials:
        port = server.add_secure_port("127.0.0.1:0", credentials)
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    await health.enter_startup()
    await health.check()
    await server.start()
    try:
        yield port
    finally:
        await server.stop(0)


async def probe(port: int, *service: str, files: Mapping[str, Path] | None = None) -> int:
    environment = {name.upper(): str(path) for name, path in (files or {}).items()}
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service_kit.health_probe", str(port), *service), env=environment
    )
    async with asyncio.timeout(60):
        return await program.wait()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """The files of a server that speaks mTLS, and names itself as its pod is probed."""
    ca = trustme.CA()
    made = ca.issue_cert("127.0.0.1", "photos-ingest.studio.svc")
    paths = {
        "grpc_tls_cert_file": tmp_path / "tls.crt",
        "grpc_tls_key_file": tmp_path / "tls.key",
        "grpc_tls_ca_file": tmp_path / "ca.crt",
    }
    paths["grpc_tls_cert_file"].write_bytes(b"".join(pem.bytes() for pem in made.cert_chain_pems))
    paths["grpc_tls_key_file"].write_bytes(made.private_key_pem.bytes())
    paths["grpc_tls_ca_file"].write_bytes(ca.cert_pem.bytes())
    return paths


async def test_it_tells_a_server_that_serves_from_one_that_does_not() -> None:
    async with serving(HealthReporter("test.Service", {"database": answer}), {}) as port:
        assert await probe(port) == 0
        assert await probe(port, "test.Service") == 0
        assert await probe(port, "another.Service") == 1
    async with serving(HealthReporter("test.Service", {"database": fail}), {}) as port:
        assert await probe(port) == 1
        assert await probe(port, "liveness") == 0
    assert await probe(free_ports(1)[0]) == 1


async def test_under_mutual_tls_it_shows_the_certificate_of_the_server(
    files: dict[str, Path],
) -> None:
    async with serving(HealthReporter("test.Service", {"database": answer}), files) as port:
        assert await probe(port, files=files) == 0
        assert await probe(port) == 1
