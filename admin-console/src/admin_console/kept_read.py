"""Reads that are dear and serve everybody who asks for a while."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from photo_records.bounded_read import ReadTooSlowError

ValueT = TypeVar("ValueT")


class KeptRead(Generic[ValueT]):
    """Reads at most once in `seconds`, and once at a time, however many people ask."""

    def __init__(self, read: Callable[[], Awaitable[ValueT]], seconds: float) -> None:
        self._read = read
        self._seconds = seconds
        self._lock = asyncio.Lock()
        self._kept: ValueT | ReadTooSlowError | None = None
        self._fresh_until = 0.0

    async def get(self) -> ValueT:
        """What was read last, or anew.

        Raises what the read raises. ReadTooSlowError is kept too: the next one would be as slow.
        """
        async with self._lock:
            if self._kept is None or time.monotonic() >= self._fresh_until:
                try:
                    self._kept = await self._read()
                except ReadTooSlowError as error:
                    self._kept = error
                self._fresh_until = time.monotonic() + self._seconds
            if isinstance(self._kept, ReadTooSlowError):
                # A new one each time: a traceback would grow with every raise.
                raise ReadTooSlowError
            return self._kept

    def forget(self) -> None:
        """Read anew when somebody asks next: the asker has changed what is read."""
        self._fresh_until = 0.0
