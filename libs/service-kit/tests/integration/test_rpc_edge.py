"""What a caller sees of a server's errors, and what the server notes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest
import structlog
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from prometheus_client import REGISTRY

from photo.status.v1 import status_service_pb2 as pb
from photo_domain.errors import ErrorCode, FieldViolation, RequestError
from service_kit import rpc_edge
from service_kit.rpc_edge import REQUEST_ID
from service_kit.rpc_errors import DOMAIN, request_error_of

SECRET = "postgresql://user:secret@host"
CODES = {
    ErrorCode.INVALID_ARGUMENT: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorCode.TASK_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    ErrorCode.IDEMPOTENCY_MISMATCH: grpc.StatusCode.FAILED_PRECONDITION,
    ErrorCode.QUOTA_EXCEEDED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    ErrorCode.NO_FILES: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorCode.NO_VALID_FILES: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorCode.TOO_MANY_FILES: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorCode.BODY_TOO_LARGE: grpc.StatusCode.INVALID_ARGUMENT,
    ErrorCode.BODY_TOO_SLOW: grpc.StatusCode.DEADLINE_EXCEEDED,
    ErrorCode.OVER_CAPACITY: grpc.StatusCode.RESOURCE_EXHAUSTED,
    ErrorCode.UNKNOWN_TASK: grpc.StatusCode.NOT_FOUND,
    ErrorCode.UNKNOWN_BATCH: grpc.StatusCode.NOT_FOUND,
    ErrorCode.UNKNOWN_OBJECT: grpc.StatusCode.NOT_FOUND,
    ErrorCode.TASK_NOT_FAILED: grpc.StatusCode.FAILED_PRECONDITION,
    ErrorCode.TASK_ENDED: grpc.StatusCode.FAILED_PRECONDITION,
    ErrorCode.OPERATOR_REQUIRED: grpc.StatusCode.PERMISSION_DENIED,
    ErrorCode.TOO_MANY_STREAMS: grpc.StatusCode.RESOURCE_EXHAUSTED,
    ErrorCode.STREAM_INTERRUPTED: grpc.StatusCode.UNAVAILABLE,
    ErrorCode.DATABASE_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    ErrorCode.STORAGE_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    ErrorCode.OUTCOME_UNKNOWN: grpc.StatusCode.ABORTED,
}


def raising(error: Exception) -> Callable[[Any, Any], Awaitable[None]]:
    async def behave(_request: Any, _context: Any) -> None:
        raise error

    return behave


async def error_of_get_task(stub: Any, **options: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.GetTask(pb.GetTaskRequest(task_id="a"), **{"timeout": 10, **options})
    return caught.value


def details_of(error: grpc.aio.AioRpcError) -> dict[str, Any]:
    status = rpc_status.from_call(error)
    kinds = {
        "google.rpc.ErrorInfo": error_details_pb2.ErrorInfo,
        "google.rpc.BadRequest": error_details_pb2.BadRequest,
        "google.rpc.RetryInfo": error_details_pb2.RetryInfo,
    }
    found = {}
    for detail in status.details:
        name = detail.TypeName()
        found[name.rpartition(".")[2]] = message = kinds[name]()
        detail.Unpack(message)
    return found


def calls(method: str, code: ErrorCode) -> float:
    labels = {"method": method, "code": code}
    return REGISTRY.get_sample_value("rpc_server_calls_total", labels) or 0


@pytest.mark.parametrize("code", ErrorCode)
async def test_a_refusal_reaches_the_caller_as_it_was_raised(
    service: Any, stub: Any, code: ErrorCode
) -> None:
    violations = [FieldViolation("files[3].size", "must be 1 to 5"), FieldViolation("owner", "ö")]
    service.behaviour = raising(RequestError(code, "Sorry, nö.", violations))
    error = await error_of_get_task(stub)
    assert error.code() is CODES[code]
    assert error.details() == "Sorry, nö."
    stated = request_error_of(error)
    assert stated is not None
    assert (stated.code, stated.detail) == (code, "Sorry, nö.")
    assert stated.violations == tuple(violations)


@pytest.mark.parametrize("code", [ErrorCode.UNKNOWN_TASK, ErrorCode.QUOTA_EXCEEDED])
async def test_a_refusal_that_stays_carries_its_reason_and_domain_and_no_delay(
    service: Any, stub: Any, code: ErrorCode
) -> None:
    service.behaviour = raising(RequestError(code, "No."))
    details = details_of(await error_of_get_task(stub))
    assert details.keys() == {"ErrorInfo"}
    assert details["ErrorInfo"].reason == code
    assert details["ErrorInfo"].domain == DOMAIN


@pytest.mark.parametrize(
    "code",
    [
        ErrorCode.DATABASE_UNAVAILABLE,
        ErrorCode.STORAGE_UNAVAILABLE,
        ErrorCode.OUTCOME_UNKNOWN,
        ErrorCode.TOO_MANY_STREAMS,
        ErrorCode.STREAM_INTERRUPTED,
    ],
)
async def test_a_passing_trouble_says_when_to_try_again(
    service: Any, stub: Any, code: ErrorCode
) -> None:
    service.behaviour = raising(RequestError(code, "Later."))
    details = details_of(await error_of_get_task(stub))
    assert details["RetryInfo"].retry_delay.seconds >= 1


async def test_the_text_of_an_unexpected_error_stays_in_the_log(service: Any, stub: Any) -> None:
    service.behaviour = raising(RuntimeError(SECRET))
    with structlog.testing.capture_logs() as logged:
        error = await error_of_get_task(stub)
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in repr(error)
    assert "secret" not in str(error.trailing_metadata())
    assert details_of(error)["ErrorInfo"].reason == "internal"
    assert request_error_of(error) is None
    [event] = [entry for entry in logged if entry["event"] == "rpc_failed"]
    assert str(event["exc_info"]) == SECRET


async def test_the_text_of_an_unexpected_error_of_a_stream_stays_in_the_log(
    service: Any, stub: Any
) -> None:
    async def behave(_request: Any, _context: Any) -> AsyncIterator[bytes]:
        yield b"first"
        raise RuntimeError(SECRET)

    service.behaviour = behave
    with structlog.testing.capture_logs():
        call = stub.GetObject(pb.GetObjectRequest(), timeout=10)
        assert (await call.read()).chunk == b"first"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in repr(caught.value)


async def test_a_refused_stream_says_why_before_any_message(service: Any, stub: Any) -> None:
    async def behave(_request: Any, _context: Any) -> AsyncIterator[bytes]:
        raise RequestError(ErrorCode.UNKNOWN_OBJECT, "Gone.")
        yield b""

    service.behaviour = behave
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.GetObject(pb.GetObjectRequest(), timeout=10).read()
    stated = request_error_of(caught.value)
    assert stated is not None
    assert stated.code is ErrorCode.UNKNOWN_OBJECT


async def test_a_call_without_a_deadline_gets_one(
    service: Any, stub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def behave(_request: Any, _context: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(rpc_edge, "MAX_UNARY_SECONDS", 0.05)
    service.behaviour = behave
    error = await error_of_get_task(stub, timeout=None)
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert details_of(error)["ErrorInfo"].reason == "deadline"
    assert request_error_of(error) is None


async def test_the_deadline_of_a_caller_ends_the_work_of_the_server(
    service: Any, stub: Any
) -> None:
    ended = asyncio.Event()

    async def behave(_request: Any, _context: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    service.behaviour = behave
    error = await error_of_get_task(stub, timeout=0.1)
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    async with asyncio.timeout(10):
        await ended.wait()


async def test_a_caller_that_goes_away_is_counted_as_cancelled(service: Any, stub: Any) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def behave(_request: Any, _context: Any) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    service.behaviour = behave
    before = calls("GetTask", "CANCELLED")
    call = stub.GetTask(pb.GetTaskRequest(), timeout=30)
    waiting = asyncio.ensure_future(call)
    async with asyncio.timeout(10):
        await begun.wait()
        call.cancel()
        await ended.wait()
        while calls("GetTask", "CANCELLED") == before:  # noqa: ASYNC110 - a metric tells nobody
            await asyncio.sleep(0.01)
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_calls_are_counted_by_how_they_ended_and_timed(service: Any, stub: Any) -> None:
    def counts() -> list[float]:
        timed = REGISTRY.get_sample_value("rpc_server_seconds_count", {"method": "GetTask"}) or 0
        return [calls("GetTask", "OK"), calls("GetTask", "NOT_FOUND"), timed]

    before = counts()
    await stub.GetTask(pb.GetTaskRequest(), timeout=10)
    service.behaviour = raising(RequestError(ErrorCode.UNKNOWN_TASK, "No."))
    await error_of_get_task(stub)
    after = [early + more for early, more in zip(before, (1, 1, 2), strict=True)]
    async with asyncio.timeout(10):
        # A call is counted once its answer is on its way.
        while counts() != after:  # noqa: ASYNC110 - a metric tells nobody
            await asyncio.sleep(0.01)
    # Told before the first fault, so that it is an increase.
    told = REGISTRY.get_sample_value(
        "rpc_server_calls_total", {"method": "GetTask", "code": "INTERNAL"}
    )
    assert told is not None


async def test_the_request_id_is_bound_to_the_logs_of_its_call_alone(
    service: Any, stub: Any
) -> None:
    bound = []

    async def behave(_request: Any, _context: Any) -> None:
        bound.append(structlog.contextvars.get_contextvars().get("request_id"))

    service.behaviour = behave
    for metadata in ([(REQUEST_ID, "first")], [], [(REQUEST_ID, "second")]):
        await stub.GetTask(pb.GetTaskRequest(), timeout=10, metadata=metadata)
    assert bound == ["first", None, "second"]


async def test_a_method_that_nobody_wrote_is_unimplemented(stub: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.BatchGetTasks(pb.BatchGetTasksRequest(), timeout=10)
    assert caught.value.code() in {grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INTERNAL}


async def test_an_unreachable_server_states_nothing() -> None:
    async with grpc.aio.insecure_channel("dns:///127.0.0.1:9") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.unary_unary("/any.Service/Method")(b"", timeout=5)
    assert request_error_of(caught.value) is None


async def test_an_error_of_another_domain_states_nothing(service: Any, stub: Any) -> None:
    async def behave(_request: Any, context: Any) -> None:
        raise RequestError(ErrorCode.UNKNOWN_TASK, "No.")

    service.behaviour = behave
    error = await error_of_get_task(stub)
    changed = [
        (key, value.replace(DOMAIN.encode(), b"x" * len(DOMAIN)) if "status" in key else value)
        for key, value in error.trailing_metadata()
    ]
    foreign = grpc.aio.AioRpcError(
        error.code(), error.initial_metadata(), grpc.aio.Metadata(*changed), error.details()
    )
    assert request_error_of(foreign) is None
