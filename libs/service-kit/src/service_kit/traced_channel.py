"""A span for each call that goes through a channel, and its name to whom is called."""

import asyncio
from types import TracebackType
from typing import Any, Self

import grpc

from service_kit.tracing import TRACEPARENT, Span, SpanKind, traced

# Asked at every look of a probe; nobody follows that up.
_HEALTH = "/grpc.health.v1.Health/"


class TracedChannel(grpc.aio.Channel):
    """Hands each call to `channel`, which stays what it is.

    No interceptors, as of opentelemetry-instrumentation-grpc: with any, grpc.aio answers with calls
    that are read and cancelled otherwise than its own.
    """

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel

    def unary_unary(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """As of grpc.aio.Channel."""
        return _traced(method, self._channel.unary_unary(method, *args, **kwargs))

    def unary_stream(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """As of grpc.aio.Channel."""
        return _traced(method, self._channel.unary_stream(method, *args, **kwargs))

    def stream_unary(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """As of grpc.aio.Channel."""
        return _traced(method, self._channel.stream_unary(method, *args, **kwargs))

    def stream_stream(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """As of grpc.aio.Channel."""
        return _traced(method, self._channel.stream_stream(method, *args, **kwargs))

    async def close(self, grace: float | None = None) -> None:
        """As of grpc.aio.Channel."""
        await self._channel.close(grace)

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:  # noqa: FBT001, FBT002 - gRPC's signature
        """As of grpc.aio.Channel."""
        return self._channel.get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """As of grpc.aio.Channel."""
        await self._channel.wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """As of grpc.aio.Channel."""
        await self._channel.channel_ready()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self.close()


def _traced(method: str, bound: Any) -> Any:
    return bound if method.startswith(_HEALTH) else _TracedMethod(method, bound)


class _TracedMethod:
    """One RPC of a channel."""

    def __init__(self, method: str, bound: Any) -> None:
        self._name = method.removeprefix("/")
        self._bound = bound
        self._ending: set[asyncio.Task[None]] = set()

    def __call__(self, *args: Any, metadata: Any = None, **kwargs: Any) -> Any:
        # A stream may outlive the request that it was opened for: the span is nobody's current.
        span = traced(self._name, SpanKind.CLIENT, current=False)
        service, _, method = self._name.rpartition("/")
        span.note(rpc__system="grpc", rpc__service=service, rpc__method=method)
        named = ((TRACEPARENT, span.traceparent),) if span.traceparent else ()
        try:
            call = self._bound(*args, metadata=(*(metadata or ()), *named), **kwargs)
        except BaseException as error:
            # The channel is closed, or the request cannot be sent.
            span.conclude(type(error).__name__)
            span.end()
            raise

        def end(_call: object) -> None:
            ending = asyncio.create_task(_end(span, call))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

        call.add_done_callback(end)
        return call


async def _end(span: Span, call: Any) -> None:
    # The call is done: this waits for nothing.
    code = await call.code()
    span.note(rpc__grpc__status_code=code.value[0])
    # A call that is given up has done for its caller what it was to do, as every event stream.
    if code not in {grpc.StatusCode.OK, grpc.StatusCode.CANCELLED}:
        span.conclude(code.name)
    span.end()
