"""Uploads that do not come to their end leave no row and no object."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import grpc
import pytest

from local_stack.ports import free_ports
from photo.ingest.v1 import ingest_service_pb2_grpc as pb_grpc
from photo_domain.errors import ErrorCode
from photo_uploads.upload_capacity import UploadCapacity
from photo_uploads.upload_pace import PaceRule
from service_kit.grpc_channel import open_channel
from service_kit.health_client import is_serving


@pytest.fixture
def half_sent(messages: Any, jpeg: bytes) -> list[Any]:
    """A whole file, and the beginning of another."""
    whole = messages.file("a.jpg", jpeg)
    return [messages.header(), *whole, messages.begin("b.jpg"), messages.chunk(jpeg[:1000])]


@pytest.fixture
def nothing_left(storage: Any, rows: Any, capacity: UploadCapacity, eventually: Any) -> Any:
    """Waits until an upload has left nothing."""

    async def wait() -> None:
        await eventually(lambda: capacity.places.taken == capacity.budget.reserved == 0)
        await eventually(storage.is_empty)
        assert await rows() == 0

    return wait


async def test_a_stream_that_ends_without_its_last_message(
    open_upload: Any, half_sent: list[Any], refused: Any, nothing_left: Any
) -> None:
    opened = open_upload(*half_sent)
    opened.half_close()
    code, stated = await refused(opened.call)
    assert (code, stated.code) == (grpc.StatusCode.INVALID_ARGUMENT, ErrorCode.INVALID_ARGUMENT)
    assert stated.violations[0].field == f"messages[{len(half_sent)}]"
    assert stated.violations[0].description.startswith("is missing")
    await nothing_left()


async def test_a_stream_that_ends_between_two_files(
    open_upload: Any, messages: Any, jpeg: bytes, refused: Any, nothing_left: Any
) -> None:
    opened = open_upload(messages.header(), *messages.file("a.jpg", jpeg))
    opened.half_close()
    code, _stated = await refused(opened.call)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    await nothing_left()


async def test_a_wrong_count_of_files(
    send: Any, messages: Any, jpeg: bytes, refused: Any, nothing_left: Any
) -> None:
    sent = [messages.header(), *messages.file("a.jpg", jpeg), messages.end(2)]
    code, stated = await refused(send(sent))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert stated.violations[0].field.endswith(".batch_end.file_count")
    await nothing_left()


async def test_a_client_that_cancels(
    open_upload: Any, half_sent: list[Any], storage: Any, eventually: Any, nothing_left: Any
) -> None:
    opened = open_upload(*half_sent)
    await eventually(storage.contents)
    opened.call.cancel()
    await nothing_left()


async def test_a_client_that_cancels_while_its_object_is_being_discarded(
    open_upload: Any,
    half_sent: list[Any],
    storage: Any,
    eventually: Any,
    nothing_left: Any,
    capacity: UploadCapacity,
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        # Whether an original belongs to a photo is asked first, and has to wait for this lock.
        await connection.execute("LOCK TABLE photos IN ACCESS EXCLUSIVE MODE")
        opened = open_upload(*half_sent)
        await eventually(storage.contents)
        opened.half_close()
        await eventually(lambda: capacity.budget.reserved == 0)
        opened.call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opened.call
        assert storage.contents()
    await nothing_left()


async def test_a_client_that_cancels_after_its_last_message_leaves_a_whole_batch(
    open_upload: Any,
    messages: Any,
    jpeg: bytes,
    database: Any,
    storage: Any,
    capacity: UploadCapacity,
    eventually: Any,
) -> None:
    async with database.locked():
        opened = open_upload(*messages.upload(("a.jpg", jpeg)))
        await eventually(database.waiting_backends)
        opened.call.cancel()
    await eventually(lambda: capacity.places.taken == 0)
    assert await database.registered() == ["owner"]
    assert storage.contents() == [jpeg]


async def test_a_client_that_fails_in_the_middle(
    stub: Any, half_sent: list[Any], nothing_left: Any
) -> None:
    async def failing() -> Any:
        for message in half_sent:
            yield message
        raise ConnectionError

    with pytest.raises((asyncio.CancelledError, grpc.aio.AioRpcError)):
        await stub.UploadBatch(failing(), timeout=60)
    await nothing_left()


async def test_a_deadline_of_the_client(
    open_upload: Any, half_sent: list[Any], nothing_left: Any
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await open_upload(*half_sent, timeout=1).call
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await nothing_left()


@pytest.mark.parametrize("sent_count", [0, 1, 5])
async def test_a_stream_that_falls_silent_is_ended(
    serve: Any,
    pool: asyncpg.Pool,
    capacity: UploadCapacity,
    open_upload: Any,
    half_sent: list[Any],
    refused: Any,
    nothing_left: Any,
    sent_count: int,
) -> None:
    stub = await serve(pool, capacity, PaceRule(rate_seconds=0.3, min_rate=1024 * 1024))
    code, stated = await refused(open_upload(*half_sent[:sent_count], to=stub).call)
    assert (code, stated.code) == (grpc.StatusCode.DEADLINE_EXCEEDED, ErrorCode.BODY_TOO_SLOW)
    await nothing_left()


async def test_a_database_that_cannot_say_what_to_discard_leaves_the_refusal_as_it_was(
    open_upload: Any, half_sent: list[Any], refused: Any, storage: Any, pool: asyncpg.Pool
) -> None:
    await pool.execute("ALTER TABLE photos RENAME TO photos_elsewhere")
    opened = open_upload(*half_sent)
    opened.half_close()
    code, stated = await refused(opened.call)
    assert (code, stated.code) == (grpc.StatusCode.INVALID_ARGUMENT, ErrorCode.INVALID_ARGUMENT)
    # The sweeper's to delete.
    assert len(storage.contents()) == 1


async def test_a_storage_that_fails(
    send: Any, messages: Any, jpeg: bytes, store_folder: Path, refused: Any, rows: Any
) -> None:
    # A file where the folder of the originals should be: nothing can be created below it.
    (store_folder / "originals").write_bytes(b"")
    code, stated = await refused(send(messages.upload(("a.jpg", jpeg))))
    assert (code, stated.code) == (grpc.StatusCode.UNAVAILABLE, ErrorCode.STORAGE_UNAVAILABLE)
    assert await rows() == 0


async def test_a_service_that_is_told_to_stop(
    database_url: str,
    redis_url: str,
    tmp_path: Path,
    messages: Any,
    half_sent: list[Any],
    open_upload: Any,
    storage: Any,
    rows: Any,
    eventually: Any,
) -> None:
    port, metrics_port = free_ports(2)
    settings = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "STORAGE_URL": (tmp_path / "objects").as_uri(),
        "INGEST_PORT": str(port),
        "INGEST_METRICS_PORT": str(metrics_port),
        "SHUTDOWN_GRACE_SECONDS": "0.2",
    }
    process = _start(settings)
    try:
        async with asyncio.timeout(60), open_channel(f"dns:///127.0.0.1:{port}") as channel:
            while not await is_serving(channel, 1):
                assert process.poll() is None
                await asyncio.sleep(0.05)
            opened = open_upload(*half_sent, to=pb_grpc.IngestServiceStub(channel))
            await eventually(storage.contents)
            process.send_signal(signal.SIGTERM)
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await opened.call
            _output, log = await asyncio.to_thread(process.communicate, timeout=30)
    finally:
        process.kill()
        process.communicate()
    assert caught.value.code() in {grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE}
    assert process.returncode == 0
    assert '"level": "error"' not in log, log
    assert storage.is_empty()
    assert await rows() == 0


# A service that tells when its background work ends.
TELLS = """
import sys
from ingest_service import __main__ as program
from ingest_service.outbox_relay import OutboxRelay
from ingest_service.sweeper import Sweeper

def telling(name, run):
    async def tell(self):
        try:
            await run(self)
        finally:
            print(f"{name} ended", file=sys.stderr, flush=True)
    return tell

OutboxRelay.run = telling("relay", OutboxRelay.run)
Sweeper.run = telling("sweeper", Sweeper.run)
sys.exit(program.main())
"""


async def test_a_service_that_is_told_to_stop_neither_sweeps_nor_relays_while_an_upload_goes_on(
    database_url: str,
    redis_url: str,
    tmp_path: Path,
    half_sent: list[Any],
    open_upload: Any,
    storage: Any,
    eventually: Any,
) -> None:
    port, metrics_port = free_ports(2)
    settings = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "STORAGE_URL": (tmp_path / "objects").as_uri(),
        "INGEST_PORT": str(port),
        "INGEST_METRICS_PORT": str(metrics_port),
        "SHUTDOWN_GRACE_SECONDS": "60",
    }
    log = tmp_path / "log"
    with log.open("w") as stderr:
        process = _start(settings, "-c", TELLS, stderr=stderr)
    try:
        async with asyncio.timeout(60), open_channel(f"dns:///127.0.0.1:{port}") as channel:
            while not await is_serving(channel, 1):
                assert process.poll() is None
                await asyncio.sleep(0.05)
            opened = open_upload(*half_sent, to=pb_grpc.IngestServiceStub(channel))
            await eventually(storage.contents)
            process.send_signal(signal.SIGTERM)
            for name in ("relay", "sweeper"):
                await eventually(lambda name=name: f"{name} ended" in log.read_text())
            assert not opened.call.done()
            opened.call.cancel()
    finally:
        process.kill()
        process.communicate()


def _start(
    settings: dict[str, str], *program: str, stderr: Any = subprocess.PIPE
) -> "subprocess.Popen[str]":
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251 - handed on to a child
    return subprocess.Popen(
        [sys.executable, *(program or ("-m", "ingest_service"))],
        env=inherited | settings,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )
