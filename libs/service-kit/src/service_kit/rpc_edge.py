"""What surrounds every RPC of a server: ids in the log, a deadline, metrics, errors."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import grpc
import structlog
from google.protobuf.message import DecodeError
from prometheus_client import Counter, Histogram

from photo_domain.errors import ErrorCode, RequestError
from service_kit.request_drain import RequestDrain
from service_kit.rpc_errors import deadline_status, internal_status, status_of

# The longest that a unary call may take where its caller set no deadline, in seconds.
MAX_UNARY_SECONDS = 30.0
# The same for a stream of responses.
MAX_STREAM_SECONDS = 600.0
# The same for a stream of requests: longer than an upload may take by its own rule.
MAX_UPLOAD_SECONDS = 3_630.0
REQUEST_ID = "x-request-id"

# In seconds: from one statement to uploads over slow lines; watches last longer.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_SECONDS = Histogram(
    "rpc_server_seconds", "Time of a call from first to last byte", ["method"], buckets=_BUCKETS
)
_CALLS = Counter("rpc_server_calls_total", "Calls by how they ended", ["method", "code"])

_log = structlog.get_logger(__name__)

_MALFORMED = object()

_Context = grpc.aio.ServicerContext[Any, Any]
if TYPE_CHECKING:
    _Handler = grpc.RpcMethodHandler[Any, Any]  # generic for the type checker only


class RpcEdge(grpc.aio.ServerInterceptor):
    """Translates the errors of every call of `service` and measures it.

    Health and reflection pass through untouched.
    """

    def __init__(self, service: str) -> None:
        self._prefix = f"/{service}/"
        self._drain = RequestDrain()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable["_Handler | None"]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "_Handler | None":
        """Wrap the handler of one call."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or not method.startswith(self._prefix):
            return handler
        name = method.removeprefix(self._prefix)
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(
                _answered_once(
                    name, handler.unary_unary, _require_readable, lambda: MAX_UNARY_SECONDS
                ),
                request_deserializer=_readable(handler.request_deserializer),
                response_serializer=handler.response_serializer,
            )
        if handler.stream_unary is not None:
            return grpc.stream_unary_rpc_method_handler(
                _answered_once(
                    name,
                    handler.stream_unary,
                    _ReadableRequests,
                    lambda: MAX_UPLOAD_SECONDS,
                    self._drain.drain,
                ),
                request_deserializer=_readable(handler.request_deserializer),
                response_serializer=handler.response_serializer,
            )
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(
                _streaming(name, handler.unary_stream),
                request_deserializer=_readable(handler.request_deserializer),
                response_serializer=handler.response_serializer,
            )
        raise TypeError(f"{method} streams both ways: give RpcEdge a wrapper for it")


def _answered_once(
    name: str,
    behaviour: Any,
    readable: Callable[[Any], Any],
    longest: Callable[[], float],
    drain: Callable[[Any], Awaitable[None]] | None = None,
) -> Callable[[Any, _Context], Awaitable[Any]]:
    async def call(request: Any, context: _Context) -> Any:
        started = time.perf_counter()
        code = "OK"
        _bind_request_id(context)
        try:
            async with asyncio.timeout(_seconds_left(context, longest())):
                return await behaviour(readable(request), context)
        except Exception as error:  # noqa: BLE001 - the edge: nothing passes unexplained
            status = _explain(name, error)
            code = status.code.name
            if drain is not None:
                await drain(request)
            await context.abort_with_status(status)
        except asyncio.CancelledError:
            code = "CANCELLED"
            raise
        finally:
            _measure(name, code, started)

    return call


def _streaming(name: str, behaviour: Any) -> Callable[[Any, _Context], AsyncIterator[Any]]:
    async def call(request: Any, context: _Context) -> AsyncIterator[Any]:
        started = time.perf_counter()
        code = "OK"
        _bind_request_id(context)
        try:
            _require_readable(request)
            async with asyncio.timeout(_seconds_left(context, MAX_STREAM_SECONDS)):
                async for response in behaviour(request, context):
                    yield response
        except Exception as error:  # noqa: BLE001 - the edge: nothing passes unexplained
            status = _explain(name, error)
            code = status.code.name
            await context.abort_with_status(status)
        except (asyncio.CancelledError, GeneratorExit):
            code = "CANCELLED"
            raise
        finally:
            _measure(name, code, started)

    return call


def _seconds_left(context: _Context, longest: float) -> float:
    remaining = context.time_remaining()
    return longest if remaining is None else remaining


def _readable(deserialize: Callable[[bytes], Any] | None) -> Callable[[bytes], Any] | None:
    """`deserialize`, but with a mark for malformed bytes: gRPC would tell its error's text."""
    if deserialize is None:
        return None

    def read(data: bytes) -> Any:
        try:
            return deserialize(data)
        except DecodeError:
            return _MALFORMED

    return read


def _require_readable(request: Any) -> Any:
    if request is _MALFORMED:
        raise RequestError(ErrorCode.INVALID_ARGUMENT, "The request is no message of the contract.")
    return request


class _ReadableRequests:
    """A stream of requests that ends with a refusal at what is no message."""

    def __init__(self, requests: AsyncIterator[Any]) -> None:
        self._requests = requests

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        return _require_readable(await anext(self._requests))


def _explain(name: str, error: Exception) -> grpc.Status:
    if isinstance(error, RequestError):
        return status_of(error)
    if isinstance(error, TimeoutError):
        return deadline_status()
    _log.error("rpc_failed", method=name, exc_info=error)
    return internal_status()


def request_id_of(context: _Context) -> str:
    """The id of the request that this call serves; empty where its caller named none."""
    for key, value in context.invocation_metadata() or ():
        if key == REQUEST_ID:
            return value if isinstance(value, str) else value.decode("ascii", "replace")
    return ""


def _bind_request_id(context: _Context) -> None:
    structlog.contextvars.clear_contextvars()
    if request_id := request_id_of(context):
        structlog.contextvars.bind_contextvars(request_id=request_id)


def _measure(name: str, code: str, started: float) -> None:
    _SECONDS.labels(name).observe(time.perf_counter() - started)
    # With the first call of a method, so that its first fault is an increase.
    _CALLS.labels(name, "INTERNAL")
    _CALLS.labels(name, code).inc()
