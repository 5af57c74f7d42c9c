"""Certificates that are made here, and who shows and checks them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme

from photo.status.v1 import status_service_pb2 as pb
from photo.status.v1 import status_service_pb2_grpc as pb_grpc
from service_kit.grpc_channel import open_channel
from service_kit.grpc_server import build_server
from service_kit.grpc_tls import client_files, server_credentials
from service_kit.settings import GrpcClientSettings, GrpcServerSettings

HOST = "127.0.0.1"


@dataclass(frozen=True)
class PemFolder:
    """The certificates of one CA as files, as a mounted Secret holds them."""

    path: Path
    ca: trustme.CA

    def issue(self, name: str, host: str) -> dict[str, Path]:
        """The settings of who shows a certificate for `host`."""
        made = self.ca.issue_cert(host)
        cert, key = self.path / f"{name}.crt", self.path / f"{name}.key"
        cert.write_bytes(b"".join(pem.bytes() for pem in made.cert_chain_pems))
        key.write_bytes(made.private_key_pem.bytes())
        return {"grpc_tls_cert_file": cert, "grpc_tls_key_file": key}

    def trust(self) -> dict[str, Path]:
        """The settings of who trusts this CA."""
        path = self.path / "ca.crt"
        path.write_bytes(self.ca.cert_pem.bytes())
        return {"grpc_tls_ca_file": path}


@pytest.fixture
def ours(tmp_path: Path) -> PemFolder:
    folder = tmp_path / "ours"
    folder.mkdir()
    return PemFolder(folder, trustme.CA())


@pytest.fixture
def foreign(tmp_path: Path) -> PemFolder:
    """A CA that nobody here trusts, at first."""
    folder = tmp_path / "foreign"
    folder.mkdir()
    return PemFolder(folder, trustme.CA())


class TlsLine:
    """The service of the test behind a server, and clients of it; each with settings of its own."""

    def __init__(self, service: Any) -> None:
        self._service = service

    @asynccontextmanager
    async def serving(self, **files: Path) -> AsyncIterator[str]:
        """Its target; plain text without any files."""
        server = build_server(self._service.name)
        self._service.add_to(server)
        credentials = server_credentials(GrpcServerSettings(**files))
        address = f"{HOST}:0"
        if credentials:
            port = server.add_secure_port(address, credentials)
        else:
            port = server.add_insecure_port(address)
        await server.start()
        try:
            yield f"dns:///{HOST}:{port}"
        finally:
            await server.stop(None)

    def channel_to(self, target: str, **files: Path) -> grpc.aio.Channel:
        return open_channel(target, client_files(GrpcClientSettings(**files)))

    async def ask(self, channel: grpc.aio.Channel) -> str:
        """`one` for an answer; `UNAVAILABLE`, and not the deadline, for a refusal."""
        try:
            answer = await pb_grpc.StatusServiceStub(channel).GetTask(
                pb.GetTaskRequest(task_id="one"), timeout=20
            )
        except grpc.aio.AioRpcError as error:
            return error.code().name
        return str(answer.task.task_id)

    async def asked_by(self, target: str, **files: Path) -> str:
        """What a client with these settings gets that connects anew."""
        async with self.channel_to(target, **files) as channel:
            return await self.ask(channel)


@pytest.fixture
def tls(service: Any) -> TlsLine:
    return TlsLine(service)
