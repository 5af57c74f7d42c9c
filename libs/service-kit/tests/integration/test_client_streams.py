"""Streams of requests: malformed messages, calls without an end, refusals in the middle."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import grpc
import pytest

from photo.ingest.v1 import ingest_service_pb2 as pb
from photo.ingest.v1 import ingest_service_pb2_grpc as pb_grpc
from photo_domain.errors import ErrorCode, RequestError
from service_kit import request_drain, rpc_edge
from service_kit.grpc_channel import open_channel
from service_kit.grpc_server import build_server
from service_kit.rpc_errors import request_error_of

SERVICE = pb.DESCRIPTOR.services_by_name["IngestService"].full_name
UPLOAD = f"/{SERVICE}/UploadBatch"


class Uploads(pb_grpc.IngestServiceServicer):
    """Does with each stream what the test says."""

    behaviour: Callable[[Any], Any]

    async def UploadBatch(self, request_iterator: Any, context: Any) -> pb.UploadBatchResponse:
        return pb.UploadBatchResponse(batch_id=str(await self.behaviour(request_iterator)))


@pytest.fixture
def uploads() -> Uploads:
    return Uploads()


@pytest.fixture
async def call(uploads: Uploads) -> AsyncIterator[Any]:
    """Sends bytes as they are."""
    server = build_server(SERVICE)
    pb_grpc.add_IngestServiceServicer_to_server(uploads, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with open_channel(f"dns:///127.0.0.1:{port}") as channel:
        yield channel.stream_unary(UPLOAD)
    await server.stop(None)


async def count(requests: Any) -> int:
    return len([request async for request in requests])


async def refuse_the_first(requests: Any) -> None:
    await anext(requests)
    raise RequestError(ErrorCode.OVER_CAPACITY, "Not now.")


def many_messages() -> Iterator[bytes]:
    message = pb.UploadBatchRequest(chunk=bytes(65_536)).SerializeToString()
    return iter([message] * 100)


async def endless_messages() -> AsyncIterator[bytes]:
    while True:
        yield b""
        await asyncio.sleep(0.001)


async def stated_code(call: Any) -> ErrorCode | None:
    with pytest.raises((grpc.aio.AioRpcError, asyncio.CancelledError)) as caught:
        await call
    error = caught.value
    stated = request_error_of(error) if isinstance(error, grpc.aio.AioRpcError) else None
    return stated.code if stated else None


async def test_all_requests_are_handed_over_and_the_answer_comes_back(
    uploads: Uploads, call: Any
) -> None:
    uploads.behaviour = count
    message = pb.UploadBatchRequest(chunk=b"x").SerializeToString()
    answer = pb.UploadBatchResponse.FromString(await call(iter([message] * 3), timeout=10))
    assert answer.batch_id == "3"


async def test_bytes_that_are_no_message_end_the_stream_with_a_refusal(
    uploads: Uploads, call: Any
) -> None:
    uploads.behaviour = count
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call(iter([b"", b"\xff\xff"]), timeout=10)
    refusal = request_error_of(error.value)
    assert refusal is not None
    assert refusal.code is ErrorCode.INVALID_ARGUMENT
    assert refusal.detail == "The request is no message of the contract."


async def test_an_unexpected_error_shows_nothing_of_itself(uploads: Uploads, call: Any) -> None:
    async def fail(_requests: Any) -> None:
        raise OSError("/secret/path")

    uploads.behaviour = fail
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call(iter([b""]), timeout=10)
    assert error.value.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in (error.value.details() or "")


async def test_a_stream_without_a_deadline_gets_one(
    uploads: Uploads, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rpc_edge, "MAX_UPLOAD_SECONDS", 0.05)
    uploads.behaviour = count
    never = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        await never.wait()
        yield b""

    with pytest.raises(grpc.aio.AioRpcError) as error:
        await asyncio.wait_for(call(endless()), 20)
    assert error.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_refusal_reaches_every_client_that_is_still_sending(
    uploads: Uploads, call: Any
) -> None:
    uploads.behaviour = refuse_the_first
    codes = await asyncio.gather(
        *(stated_code(call(many_messages(), timeout=30)) for _ in range(50))
    )
    assert codes == [ErrorCode.OVER_CAPACITY] * 50


async def test_a_refused_client_that_falls_silent_has_its_answer(
    uploads: Uploads, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_drain, "_SILENCE_SECONDS", 0.1)
    monkeypatch.setattr(request_drain, "_TOTAL_SECONDS", 60.0)
    uploads.behaviour = refuse_the_first

    async def one_and_silence() -> AsyncIterator[bytes]:
        yield b""
        await asyncio.Event().wait()

    assert await stated_code(call(one_and_silence(), timeout=20)) is ErrorCode.OVER_CAPACITY


async def test_a_refused_client_that_never_stops_sending_is_ended(
    uploads: Uploads, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_drain, "_TOTAL_SECONDS", 0.2)
    uploads.behaviour = refuse_the_first
    async with asyncio.timeout(20):
        with pytest.raises((grpc.aio.AioRpcError, asyncio.CancelledError)):
            await call(endless_messages())


async def test_only_so_many_refused_streams_are_read_at_once(
    uploads: Uploads, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_drain, "_TOTAL_SECONDS", 600.0)
    monkeypatch.setattr(request_drain, "_MOST_AT_ONCE", 1)
    uploads.behaviour = refuse_the_first
    calls = [call(endless_messages()) for _ in range(3)]
    async with asyncio.timeout(20):
        while sum(each.done() for each in calls) < 2:  # noqa: ASYNC110 - a call tells nobody
            await asyncio.sleep(0.01)
    [read] = [each for each in calls if not each.done()]
    read.cancel()
    for each in calls:
        await stated_code(each)
