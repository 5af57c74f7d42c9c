"""Streamed uploads as clients send them, and what lies in storage."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import asyncpg
import grpc
import pytest

from photo.ingest.v1 import ingest_service_pb2 as pb
from photo_domain.errors import RequestError
from photo_domain.limits import UPLOAD_LIMITS
from photo_uploads.upload_capacity import UploadCapacity
from service_kit.rpc_errors import request_error_of

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 1_000


class Messages:
    """The messages of uploads."""

    @staticmethod
    def header(owner: str = "owner", key: str = "") -> pb.UploadBatchRequest:
        return pb.UploadBatchRequest(batch=pb.BatchHeader(owner=owner, idempotency_key=key))

    @staticmethod
    def begin(name: str) -> pb.UploadBatchRequest:
        return pb.UploadBatchRequest(file=pb.FileHeader(file_name=name))

    @staticmethod
    def chunk(data: bytes) -> pb.UploadBatchRequest:
        return pb.UploadBatchRequest(chunk=data)

    def file(
        self, name: str, content: bytes = JPEG, piece: int = 65_536
    ) -> list[pb.UploadBatchRequest]:
        pieces = [content[start : start + piece] for start in range(0, len(content), piece)]
        end = pb.UploadBatchRequest(file_end=pb.FileEnd())
        return [self.begin(name), *map(self.chunk, pieces), end]

    @staticmethod
    def end(file_count: int) -> pb.UploadBatchRequest:
        return pb.UploadBatchRequest(batch_end=pb.BatchEnd(file_count=file_count))

    def upload(
        self, *files: tuple[str, bytes], owner: str = "owner", key: str = ""
    ) -> list[pb.UploadBatchRequest]:
        return [
            self.header(owner, key),
            *(message for name, content in files for message in self.file(name, content)),
            self.end(len(files)),
        ]


class OpenUpload:
    """An upload whose client has said something and now says nothing."""

    def __init__(self, stub: Any, *sent: Any, timeout: float = 60) -> None:
        self._silence = asyncio.Event()

        async def requests() -> AsyncIterator[Any]:
            for message in sent:
                yield message
            await self._silence.wait()

        self.call = stub.UploadBatch(requests(), timeout=timeout)

    def half_close(self) -> None:
        self._silence.set()


class Storage:
    """The originals of the test's service."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def contents(self) -> list[bytes]:
        return sorted(path.read_bytes() for path in self._folder.rglob("*") if path.is_file())

    def is_empty(self) -> bool:
        return not self.contents()


async def refusal(call: Any) -> tuple[grpc.StatusCode, RequestError]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    stated = request_error_of(caught.value)
    assert stated is not None, caught.value
    return caught.value.code(), stated


@pytest.fixture
def refused() -> Any:
    """The status and the stated reason of a call that must be refused."""
    return refusal


@pytest.fixture
def jpeg() -> bytes:
    return JPEG


@pytest.fixture
def messages() -> Messages:
    return Messages()


@pytest.fixture
def storage(store_folder: Path) -> Storage:
    return Storage(store_folder)


@pytest.fixture
def capacity() -> UploadCapacity:
    return UploadCapacity(16 * UPLOAD_LIMITS.max_file_size, UPLOAD_LIMITS)


@pytest.fixture
async def stub(serve: Any, pool: asyncpg.Pool, capacity: UploadCapacity) -> Any:
    return await serve(pool, capacity)


@pytest.fixture
def send(stub: Any) -> Any:
    """Sends an upload and gives the call."""

    def start(sent: Iterable[Any]) -> Any:
        return stub.UploadBatch(iter(sent), timeout=60)

    return start


@pytest.fixture
async def open_upload(stub: Any) -> AsyncIterator[Any]:
    """Opens uploads that stay open."""
    opened: list[OpenUpload] = []

    def start(*sent: Any, to: Any = None, timeout: float = 60) -> OpenUpload:
        opened.append(OpenUpload(to or stub, *sent, timeout=timeout))
        return opened[-1]

    yield start
    for each in opened:
        each.call.cancel()


@pytest.fixture
def rows(pool: asyncpg.Pool) -> Any:
    """How many batches there are."""

    async def count() -> int:
        return await pool.fetchval("SELECT count(*) FROM batches")

    return count
