"""What a refused call still sends."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

# As long as the gateway swallows the rest of a body.
_TOTAL_SECONDS = 10.0
# Who says nothing for so long has stopped, or waits for the answer.
_SILENCE_SECONDS = 1.0
# Each may hold a message and what gRPC reads ahead, which nobody counts.
_MOST_AT_ONCE = 64


class RequestDrain:
    """Reads and drops the requests of a stream that is refused, for as long as they keep coming.

    A client of grpc.aio that is still sending when the status arrives reports INTERNAL or CANCELLED
    in its place, every few times (grpc 1.85).
    """

    def __init__(self) -> None:
        self._under_way = 0

    async def drain(self, requests: AsyncIterator[Any]) -> None:
        """Return at the end of `requests`, after 1 s of silence and after 10 s in all.

        At once where 64 others are under way: then the answer gets through as it may.
        """
        if self._under_way >= _MOST_AT_ONCE:
            return
        self._under_way += 1
        try:
            async with asyncio.timeout(_TOTAL_SECONDS):
                await _drop_all(requests)
        except TimeoutError:
            pass
        finally:
            self._under_way -= 1


async def _drop_all(requests: AsyncIterator[Any]) -> None:
    """Raises TimeoutError at silence."""
    ended = object()
    while True:
        async with asyncio.timeout(_SILENCE_SECONDS):
            if await anext(requests, ended) is ended:
                return
