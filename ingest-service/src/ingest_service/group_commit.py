"""Calls that arrive while a commit is under way share the next one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


@dataclass(slots=True)
class _Waiting(Generic[ItemT, ResultT]):
    item: ItemT
    weight: int
    outcome: asyncio.Future[ResultT]


class GroupCommit(Generic[ItemT, ResultT]):
    """Hands items to `commit` in groups, one group at a time, in the order they came.

    An idle committer adds no delay: the first item starts a group of its own at once. A group
    holds at most `max_weight`, or one item. `commit` answers one result or error for each item;
    an error that it raises goes to every item of the group. A caller that is cancelled leaves its
    group alone.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[ItemT]], Awaitable[Sequence[ResultT | Exception]]],
        max_weight: int,
    ) -> None:
        self._commit = commit
        self._max_weight = max_weight
        self._queue: deque[_Waiting[ItemT, ResultT]] = deque()
        self._committing: asyncio.Task[None] | None = None

    async def submit(self, item: ItemT, weight: int) -> ResultT:
        """The result of `item`, or the error that `commit` gave for it."""
        waiting: _Waiting[ItemT, ResultT] = _Waiting(
            item, weight, asyncio.get_running_loop().create_future()
        )
        self._queue.append(waiting)
        if self._committing is None:
            self._committing = asyncio.create_task(self._run())
        return await waiting.outcome

    async def drain(self) -> None:
        """Wait until everything submitted so far has its outcome."""
        if self._committing is not None:
            await asyncio.shield(self._committing)

    async def _run(self) -> None:
        try:
            while self._queue:
                group = self._next_group()
                if group:
                    await self._settle(group)
        finally:
            self._committing = None

    def _next_group(self) -> list[_Waiting[ItemT, ResultT]]:
        group: list[_Waiting[ItemT, ResultT]] = []
        weight = 0
        while self._queue:
            waiting = self._queue[0]
            if group and weight + waiting.weight > self._max_weight:
                break
            self._queue.popleft()
            # Whoever hung up before its group began needs nothing written.
            if not waiting.outcome.done():
                group.append(waiting)
                weight += waiting.weight
        return group

    async def _settle(self, group: Sequence[_Waiting[ItemT, ResultT]]) -> None:
        try:
            outcomes = await self._commit([waiting.item for waiting in group])
        except Exception as error:  # noqa: BLE001 - it belongs to whoever submitted
            outcomes = [error] * len(group)
        for waiting, outcome in zip(group, outcomes, strict=True):
            if waiting.outcome.done():
                continue
            if isinstance(outcome, Exception):
                waiting.outcome.set_exception(outcome)
            else:
                waiting.outcome.set_result(outcome)
