"""A budget for the bytes that a process buffers."""

import asyncio
from collections import deque
from types import TracebackType
from typing import Self


class BufferBudget:
    """`capacity` bytes that uploads of one event loop share, first come first served.

    A large request at the head of the line is never overtaken by small ones behind it. Whoever
    holds a reservation must not wait for another one: that is what keeps uploads from locking
    each other.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError("The capacity must be at least one byte.")
        self._capacity = capacity
        self._reserved = 0
        self._peak = 0
        self._line: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def capacity(self) -> int:
        """Bytes in all."""
        return self._capacity

    @property
    def reserved(self) -> int:
        """Bytes that are taken now."""
        return self._reserved

    @property
    def peak(self) -> int:
        """The most bytes that were ever taken at once."""
        return self._peak

    @property
    def waiting(self) -> int:
        """How many reservations are waiting for bytes."""
        return len(self._line)

    async def reserve(self, size: int) -> "Reservation":
        """Wait for `size` bytes; a waiter that is cancelled leaves the line and holds nothing.

        Raises ValueError for a size that could never be granted. Give the bytes back with
        `release`, or use the reservation as a context manager.
        """
        if not 0 < size <= self._capacity:
            raise ValueError(f"A reservation is 1 to {self._capacity} bytes, not {size}.")
        if not self._line and self._fits(size):
            self._take(size)
            return Reservation(self, size)
        granted = asyncio.get_running_loop().create_future()
        entry = (size, granted)
        self._line.append(entry)
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                # Granted and cancelled within one turn of the loop: nobody will use the bytes.
                self.give_back(size)
            else:
                self._line.remove(entry)
                self._serve()
            raise
        return Reservation(self, size)

    def give_back(self, size: int) -> None:
        """Return `size` bytes and serve who waits; `Reservation.release` calls it once."""
        self._reserved -= size
        self._serve()

    def _serve(self) -> None:
        while self._line and self._fits(self._line[0][0]):
            size, granted = self._line[0]
            if granted.cancelled():
                # Its task leaves the line when it runs next, and serves those behind it.
                return
            self._line.popleft()
            self._take(size)
            granted.set_result(None)

    def _fits(self, size: int) -> bool:
        return self._reserved + size <= self._capacity

    def _take(self, size: int) -> None:
        self._reserved += size
        self._peak = max(self._peak, self._reserved)


class Reservation:
    """Bytes of a budget that are taken until `release`."""

    def __init__(self, budget: BufferBudget, size: int) -> None:
        self._budget = budget
        self._size = size

    @property
    def size(self) -> int:
        """Bytes held now: 0 once released."""
        return self._size

    def release(self) -> None:
        """Give the bytes back; calling it again does nothing."""
        size, self._size = self._size, 0
        if size:
            self._budget.give_back(size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
