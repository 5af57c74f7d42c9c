"""A channel that is opened anew when the certificates of its client are renewed."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import grpc

from service_kit.pem_files import PemFiles, Pems

_LOOK_SECONDS = 10.0
# Longer than servers let any call last (`rpc_edge.MAX_UPLOAD_SECONDS`).
_DRAIN_SECONDS = 3_660.0


class RenewedChannel(grpc.aio.Channel):
    """Hands each call to the newest channel; calls that run stay with theirs until they end.

    A channel without any is closed: it would go on connecting, with certificates that may be dead.
    A call looks at `files`, at most every 10 s; `open_with` opens the next channel where they hold
    something else.
    """

    def __init__(self, files: PemFiles, open_with: Callable[[Pems], grpc.aio.Channel]) -> None:
        self._files = files
        self._open_with = open_with
        self._pems = files.current()
        self._newest = _CountedChannel(open_with(self._pems))
        self._look_at = time.monotonic() + _LOOK_SECONDS
        self._draining: dict[asyncio.Task[None], grpc.aio.Channel] = {}

    def newest(self) -> "_CountedChannel":
        """The channel that calls from now on go through."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + _LOOK_SECONDS
            if (pems := self._files.current()) is not self._pems:
                self._pems = pems
                self._drain(self._newest)
                self._newest = _CountedChannel(self._open_with(pems))
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

    def _drain(self, old: "_CountedChannel") -> None:
        async def close_later() -> None:
            # Not close(grace): that could not be cut short when all of them have to close.
            with suppress(TimeoutError):
                async with asyncio.timeout(_DRAIN_SECONDS):
                    await old.is_idle.wait()
            await old.channel.close()

        task = asyncio.create_task(close_later())
        self._draining[task] = old.channel
        task.add_done_callback(self._draining.pop)

    async def close(self, grace: float | None = None) -> None:
        """Close it and those that still drain."""
        draining = dict(self._draining)
        for task in draining:
            task.cancel()
        channels = (self._newest.channel, *draining.values())
        await asyncio.gather(*(each.close(grace) for each in channels))

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:  # noqa: FBT001, FBT002 - gRPC's signature
        """That of the newest channel."""
        return self._newest.channel.get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """That of the newest channel."""
        await self._newest.channel.wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """Wait until the newest channel is connected."""
        await self._newest.channel.channel_ready()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self.close()


class _CountedChannel:
    """A channel, and whether calls run on it."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.channel = channel
        self.is_idle = asyncio.Event()
        self.is_idle.set()
        self._running = 0

    def count(self, call: grpc.aio.Call) -> None:
        """Take note of a call that begins."""
        self._running += 1
        self.is_idle.clear()
        call.add_done_callback(self._ended)

    def _ended(self, _call: object) -> None:
        self._running -= 1
        if not self._running:
            self.is_idle.set()


class _Method:
    """One RPC of the newest channel."""

    def __init__(self, owner: RenewedChannel, bind: Callable[[grpc.aio.Channel], Any]) -> None:
        self._owner = owner
        self._bind = bind
        self._channel: _CountedChannel | None = None
        self._bound: Any = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        channel = self._owner.newest()
        if channel is not self._channel:
            self._channel, self._bound = channel, self._bind(channel.channel)
        call = self._bound(*args, **kwargs)
        channel.count(call)
        return call
