"""A span for each RPC that a server answers, under that of the caller who names one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import grpc

from service_kit.tracing import TRACEPARENT, Span, SpanKind, traced

_Context = grpc.aio.ServicerContext[Any, Any]
if TYPE_CHECKING:
    _Handler = grpc.RpcMethodHandler[Any, Any]  # generic for the type checker only

# What the server's own trouble ends as; the others tell a caller what it did wrong.
# Source: https://opentelemetry.io/docs/specs/semconv/rpc/grpc/
_FAULTS = {
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DATA_LOSS,
}


_UNSAID = grpc.StatusCode.UNKNOWN


class TracedRpcs(grpc.aio.ServerInterceptor):
    """Traces the calls of `service`; to stand outside of `RpcEdge`, which makes statuses of errors.

    Health and reflection pass through untouched.
    """

    def __init__(self, service: str) -> None:
        self._prefix = f"/{service}/"

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
        parent = _caller(handler_call_details)
        name = method.removeprefix("/")
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(
                _streaming(name, parent, handler.unary_stream),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        if handler.stream_unary is not None:
            return grpc.stream_unary_rpc_method_handler(
                _answered_once(name, parent, handler.stream_unary),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(
                _answered_once(name, parent, handler.unary_unary),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        raise TypeError(f"{method} streams both ways: give TracedRpcs a wrapper for it")


def _answered_once(
    name: str, parent: str | None, behaviour: Any
) -> Callable[[Any, _Context], Awaitable[Any]]:
    async def call(request: Any, context: _Context) -> Any:
        with _begun(name, parent) as span:
            try:
                answer = await behaviour(request, context)
            except BaseException as error:
                _conclude(span, context, error)
                raise
            _conclude(span, context)
            return answer

    return call


def _streaming(
    name: str, parent: str | None, behaviour: Any
) -> Callable[[Any, _Context], AsyncIterator[Any]]:
    async def call(request: Any, context: _Context) -> AsyncIterator[Any]:
        # Not current: a stream that is given up may end in another context than it began in.
        with _begun(name, parent, current=False) as span:
            try:
                async for response in behaviour(request, context):
                    yield response
            except BaseException as error:
                _conclude(span, context, error)
                raise
            _conclude(span, context)

    return call


def _begun(name: str, parent: str | None, *, current: bool = True) -> Span:
    span = traced(name, SpanKind.SERVER, parent=parent, current=current)
    service, _, method = name.rpartition("/")
    span.note(rpc__system="grpc", rpc__service=service, rpc__method=method)
    return span


def _conclude(span: Span, context: _Context, error: BaseException | None = None) -> None:
    if isinstance(error, (asyncio.CancelledError, GeneratorExit)):
        code = grpc.StatusCode.CANCELLED
    else:
        # Whoever aborted has set it, as a code or its number.
        stated = context.code() or grpc.StatusCode.OK
        code = next((each for each in grpc.StatusCode if stated in {each, each.value[0]}), _UNSAID)
    span.note(rpc__grpc__status_code=code.value[0])
    span.conclude(code.name if code in _FAULTS else None)


def _caller(details: grpc.HandlerCallDetails) -> str | None:
    for key, value in details.invocation_metadata or ():
        if key == TRACEPARENT:
            return value if isinstance(value, str) else value.decode("ascii", "replace")
    return None
