"""RPCs at both of their ends."""

from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from photo.status.v1 import status_service_pb2 as pb
from photo_domain.errors import ErrorCode, RequestError
from service_kit.health_client import is_serving
from service_kit.traced_rpcs import TracedRpcs
from service_kit.tracing import traced

GET_TASK = "photo.status.v1.StatusService/GetTask"
GET_OBJECT = "photo.status.v1.StatusService/GetObject"
Spans = Callable[[int], Awaitable[list[Any]]]
SECRET = "postgresql://user:secret@host"
OTHER_TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def ends(spans: list[Any], name: str) -> tuple[Any, Any]:
    """The client's and the server's span."""
    (client,) = [each for each in spans if (each.name, each.kind) == (name, "CLIENT")]
    (server,) = [each for each in spans if (each.name, each.kind) == (name, "SERVER")]
    return client, server


async def test_a_call_is_a_span_of_the_caller_and_one_of_the_server_under_it(
    stub: Any, spans: Spans
) -> None:
    with traced("work") as work:
        named = work.traceparent
        await stub.GetTask(pb.GetTaskRequest(task_id="a"), timeout=10, metadata=(("x-a", "b"),))
    client, server = ends(await spans(2), GET_TASK)
    assert str(named).startswith(f"00-{client.trace_id}-{client.parent_id}-")
    assert (server.trace_id, server.parent_id) == (client.trace_id, client.span_id)
    for span in (client, server):
        assert span.attributes == {
            "rpc.system": "grpc",
            "rpc.service": "photo.status.v1.StatusService",
            "rpc.method": "GetTask",
            "rpc.grpc.status_code": 0,
        }


@pytest.mark.parametrize(
    ("error", "code", "is_fault"),
    [
        (RequestError(ErrorCode.UNKNOWN_TASK, "There is none."), grpc.StatusCode.NOT_FOUND, False),
        (RuntimeError(SECRET), grpc.StatusCode.INTERNAL, True),
    ],
)
async def test_only_its_own_trouble_is_an_error_of_the_server_and_no_text_is_told(
    service: Any,
    stub: Any,
    spans: Spans,
    error: Exception,
    code: grpc.StatusCode,
    is_fault: bool,
) -> None:
    async def behave(*_: object) -> None:
        raise error

    service.behaviour = behave
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.GetTask(pb.GetTaskRequest(task_id="a"), timeout=10)
    assert caught.value.code() is code
    client, server = ends(await spans(2), GET_TASK)
    assert (client.is_error, server.is_error) == (True, is_fault)
    assert {each.attributes["rpc.grpc.status_code"] for each in (client, server)} == {code.value[0]}
    assert SECRET not in repr((client, server))


async def test_a_stream_lasts_until_its_end(service: Any, stub: Any, spans: Spans) -> None:
    service.behaviour = three_chunks
    call = stub.GetObject(pb.GetObjectRequest(task_id="a"), timeout=10)
    assert [message.chunk async for message in call] == [b"0", b"1", b"2"]
    client, server = ends(await spans(2), GET_OBJECT)
    assert (client.is_error, server.is_error) == (False, False)


async def test_a_stream_that_its_reader_gives_up_ends_both_spans(
    service: Any, stub: Any, spans: Spans
) -> None:
    async def endless_chunks(*_: object) -> AsyncIterator[bytes]:
        while True:
            yield b""

    service.behaviour = endless_chunks
    call = stub.GetObject(pb.GetObjectRequest(task_id="a"), timeout=10)
    assert (await call.read()).chunk == b""
    call.cancel()
    assert await call.code() is grpc.StatusCode.CANCELLED
    client, server = ends(await spans(2), GET_OBJECT)
    for span in (client, server):
        assert span.attributes["rpc.grpc.status_code"] == grpc.StatusCode.CANCELLED.value[0]
        assert not span.is_error


async def test_a_call_that_cannot_begin_ends_its_span(
    stub: Any, channel: grpc.aio.Channel, spans: Spans
) -> None:
    await channel.close()
    with pytest.raises(grpc.aio.UsageError):
        await stub.GetTask(pb.GetTaskRequest(task_id="a"), timeout=10)
    (span,) = await spans(1)
    assert (span.kind, span.is_error, span.attributes["error.type"]) == (
        "CLIENT",
        True,
        "UsageError",
    )


async def test_what_streams_both_ways_is_refused_and_not_taken_for_something_else() -> None:
    async def find(_details: object) -> Any:
        return grpc.stream_stream_rpc_method_handler(three_chunks)

    details: Any = SimpleNamespace(method="/a.B/Chat", invocation_metadata=())
    with pytest.raises(TypeError, match="Chat streams both ways"):
        await TracedRpcs("a.B").intercept_service(find, details)


async def test_what_names_no_span_begins_a_trace_at_the_server(
    untraced_stub: Any, spans: Spans
) -> None:
    names = ("", "nonsense", OTHER_TRACE.replace("00-", "ff-", 1), f"00-{'0' * 32}-{'0' * 16}-01")
    for name in (*names, OTHER_TRACE):
        metadata = (("traceparent", name),)
        await untraced_stub.GetTask(pb.GetTaskRequest(task_id="a"), timeout=10, metadata=metadata)
    of_other, others = set(), []
    for span in await spans(len(names) + 1):
        if span.trace_id == OTHER_TRACE.split("-")[1]:
            of_other.add(span.parent_id)
        else:
            others.append(span.parent_id)
    assert of_other == {OTHER_TRACE.split("-")[2]}
    assert others == [""] * len(names)


async def test_questions_about_health_are_not_traced(
    channel: grpc.aio.Channel, spans: Spans
) -> None:
    await is_serving(channel, 10)
    assert await spans(0) == []


async def three_chunks(*_: object) -> AsyncIterator[bytes]:
    for number in range(3):
        yield str(number).encode()
