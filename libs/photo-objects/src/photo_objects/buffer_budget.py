"""A budget for the bytes that a process buffers."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    size: int
    holder: str | None
    granted: asyncio.Future[None]


class BufferBudget:
    """`capacity` bytes that uploads of one event loop share, first come first served.

    A large request at the head of the line is never overtaken by small ones behind it. Whoever
    holds a reservation must not wait for another one: that is what keeps uploads from locking
    each other. A holder that is named gets no more than half of the capacity, or one reservation
    if that is more; what they ask for beyond it waits, and those behind go first.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError("The capacity must be at least one byte.")
        self._capacity = capacity
        self._reserved = 0
        self._peak = 0
        self._held: Counter[str] = Counter()
        self._line: list[_Waiter] = []

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

    async def reserve(self, size: int, holder: str | None = None) -> "Reservation":
        """Wait for `size` bytes; a waiter that is cancelled leaves the line and holds nothing.

        `holder` names for whom, where nobody may take it all. Raises ValueError for a size that
        could never be granted. Give the bytes back with `release`, or use the reservation as a
        context manager.
        """
        if not 0 < size <= self._capacity:
            raise ValueError(f"A reservation is 1 to {self._capacity} bytes, not {size}.")
        granted = asyncio.get_running_loop().create_future()
        waiter = _Waiter(size, holder, granted)
        self._line.append(waiter)
        self._serve()
        try:
            if not granted.done():
                await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                # Granted and cancelled within one turn of the loop: nobody will use the bytes.
                self.give_back(size, holder)
            else:
                self._line.remove(waiter)
                self._serve()
            raise
        return Reservation(self, size, holder)

    def give_back(self, size: int, holder: str | None = None) -> None:
        """Return `size` bytes and serve who waits; `Reservation.release` calls it once."""
        self._reserved -= size
        if holder is not None:
            self._held[holder] -= size
            if not self._held[holder]:
                del self._held[holder]
        self._serve()

    def _serve(self) -> None:
        for waiter in [*self._line]:
            if self._has_share(waiter):
                continue
            if self._reserved + waiter.size > self._capacity or waiter.granted.cancelled():
                # The task of a cancelled one leaves the line when it runs next, and serves those
                # behind it.
                return
            self._line.remove(waiter)
            self._take(waiter)
            waiter.granted.set_result(None)

    def _has_share(self, waiter: _Waiter) -> bool:
        held = self._held[waiter.holder] if waiter.holder is not None else 0
        return held > 0 and held + waiter.size > self._capacity // 2

    def _take(self, waiter: _Waiter) -> None:
        self._reserved += waiter.size
        self._peak = max(self._peak, self._reserved)
        if waiter.holder is not None:
            self._held[waiter.holder] += waiter.size


class Reservation:
    """Bytes of a budget that are taken until `release`."""

    def __init__(self, budget: BufferBudget, size: int, holder: str | None = None) -> None:
        self._budget = budget
        self._size = size
        self._holder = holder

    @property
    def size(self) -> int:
        """Bytes held now: 0 once released."""
        return self._size

    def release(self) -> None:
        """Give the bytes back; calling it again does nothing."""
        size, self._size = self._size, 0
        if size:
            self._budget.give_back(size, self._holder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
