"""A channel that is opened anew when the certificates of its client are renewed."""

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import grpc

from service_kit.pem_files import PemFiles, Pems

_LOOK_SECONDS = 10.0
# Longer than servers let any call last (`rpc_edge.MAX_UPLOAD_SECONDS`).
_DRAIN_SECONDS = 3_660.0


class RenewedChannel(grpc.aio.Channel):
    """Hands each call to the newest channel; calls that run stay with theirs until they end.

    A call looks at `files`, at most every 10 s; `open_with` opens the next channel where they hold
    something else.
    """

    def __init__(self, files: PemFiles, open_with: Callable[[Pems], grpc.aio.Channel]) -> None:
        self._files = files
        self._open_with = open_with
        self._pems = files.current()
        self._newest = open_with(self._pems)
        self._look_at = time.monotonic() + _LOOK_SECONDS
        self._draining: dict[asyncio.Task[None], grpc.aio.Channel] = {}

    def newest(self) -> grpc.aio.Channel:
        """The channel that calls from now on go through."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + _LOOK_SECONDS
            if (pems := self._files.current()) is not self._pems:
                self._pems = pems
                self._drain(self._newest)
                self._newest = self._open_with(pems)
        return self._newest

    def unary_unary(self, *args: Any, **kwargs: Any) -> Any:
        """As of grpc.aio.Channel."""
        return _Method(self, lambda channel: channel.unary_unary(*args, **kwargs))

    def unary_stream(self, *args: Any, **kwargs: Any) -> Any:
        """As of grpc.aio.Channel."""
        return _Method(self, lambda channel: channel.unary_stream(*args, **kwargs))

    def stream_unary(self, *args: Any, **kwargs: Any) -> Any:
        """As of grpc.aio.Channel."""
        return _Method(self, lambda channel: channel.stream_unary(*args, **kwargs))

    def stream_stream(self, *args: Any, **kwargs: Any) -> Any:
        """As of grpc.aio.Channel."""
        return _Method(self, lambda channel: channel.stream_stream(*args, **kwargs))

    def _drain(self, old: grpc.aio.Channel) -> None:
        async def close_later() -> None:
            # Not close(grace): that could not be cut short when all of them have to close.
            await asyncio.sleep(_DRAIN_SECONDS)
            await old.close()

        task = asyncio.create_task(close_later())
        self._draining[task] = old
        task.add_done_callback(self._draining.pop)

    async def close(self, grace: float | None = None) -> None:
        """Close it and those that still drain."""
        draining = dict(self._draining)
        for task in draining:
            task.cancel()
        await asyncio.gather(*(each.close(grace) for each in (self._newest, *draining.values())))

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:  # noqa: FBT001, FBT002 - gRPC's signature
        """That of the newest channel."""
        return self._newest.get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """That of the newest channel."""
        await self._newest.wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """Wait until the newest channel is connected."""
        await self._newest.channel_ready()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self.close()


class _Method:
    """One RPC of the newest channel."""

    def __init__(self, owner: RenewedChannel, bind: Callable[[grpc.aio.Channel], Any]) -> None:
        self._owner = owner
        self._bind = bind
        self._channel: grpc.aio.Channel | None = None
        self._bound: Any = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        channel = self._owner.newest()
        if channel is not self._channel:
            self._channel, self._bound = channel, self._bind(channel)
        return self._bound(*args, **kwargs)
