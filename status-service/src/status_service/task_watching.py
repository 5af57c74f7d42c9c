"""Follows tasks for a caller: how they stand first, then each change."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg

from photo_domain.errors import ErrorCode, FieldViolation, RequestError
from photo_records.task_reads import fetch_tasks, fetch_tasks_of_batch
from photo_records.watch_reads import changed_tasks, database_time, pending_tasks
from status_service.resume_points import WatchCursor, parse_cursor
from status_service.task_queries import TaskQueries, stated_database_errors
from status_service.task_watch import OVERLAP, TaskWatch, WatchEvent, WatchScope
from status_service.viewer_rule import Viewer, ViewerRule
from status_service.watch_hub import WatchHub

# The contract promises one every 15 s.
SIGN_OF_LIFE_SECONDS = 10.0
# Rows that a stream holds while it tells how its tasks stand.
_PAGE_ROWS = 100


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """Whose tasks: one, those of a batch, or else all; `cursor` is empty for a new stream."""

    viewer: Viewer
    batch_id: str | None
    task_id: str | None
    cursor: str


class TaskWatching:
    """Every event carries where to resume after it: what changed since then comes again first."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        tasks: TaskQueries,
        hub: WatchHub,
        rule: ViewerRule,
        sign_of_life_seconds: float = SIGN_OF_LIFE_SECONDS,
    ) -> None:
        self._pool = pool
        self._tasks = tasks
        self._hub = hub
        self._rule = rule
        self._sign_of_life_seconds = sign_of_life_seconds

    async def watch(self, request: WatchRequest) -> AsyncIterator[WatchEvent]:
        """The events of the stream; ends when a task or batch has nothing PENDING any more.

        Raises RequestError: invalid_argument, unknown_task, unknown_batch, too_many_streams,
        stream_interrupted, database_unavailable.
        """
        position = parse_cursor(request.cursor) if request.cursor else None
        with self._hub.watching(await self._scope(request)) as watch:
            while True:
                with stated_database_errors():
                    async for event in self._state(watch, position):
                        yield event
                if watch.is_over:
                    return
                # From here on the stream can be resumed cheaply, even if nothing happens.
                yield WatchEvent(WatchCursor(watch.told_until))
                while not watch.is_behind:
                    for event in await watch.take(self._sign_of_life_seconds):
                        yield event
                    if watch.is_over:
                        return
                position = watch.catch_up()

    async def _scope(self, request: WatchRequest) -> WatchScope:
        if request.task_id is not None:
            row = await self._tasks.get(request.task_id, request.viewer)
            return WatchScope(row["owner"], row["batch_id"], row["task_id"])
        if request.batch_id is not None:
            batch, _rows = await self._tasks.batch(request.batch_id, request.viewer)
            return WatchScope(batch.owner, batch.batch_id)
        owner = self._rule.owner_of_own(request.viewer)
        if not owner:
            raise RequestError(
                ErrorCode.INVALID_ARGUMENT,
                "Without an owner there is nothing to watch but a task or a batch.",
                [FieldViolation("viewer.owner", "must name the owner")],
            )
        return WatchScope(owner)

    async def _state(
        self, watch: TaskWatch, position: WatchCursor | None
    ) -> AsyncIterator[WatchEvent]:
        """How the tasks stand, or what changed of them since `position`."""
        # Read first: what is committed later is offered to the watch, or found by a look.
        looked_at = await database_time(self._pool)
        watch.looked(looked_at)
        if watch.scope.is_finite:
            rows = await self._rows_of_finite(watch.scope)
            async for event in _sorted_events(watch, rows, position):
                yield event
            return
        position = position or WatchCursor(looked_at, pending_after=0)
        if position.pending_after is not None:
            async for event in self._pending(watch, position):
                yield event
        # Of a new stream too: what ended after its caller last asked is news to the caller.
        async for event in self._changed(watch, position):
            yield event

    async def _rows_of_finite(self, scope: WatchScope) -> list[asyncpg.Record]:
        if scope.task_id is None and scope.batch_id is not None:
            return await fetch_tasks_of_batch(self._pool, scope.batch_id)
        rows = await fetch_tasks(self._pool, [scope.task_id] if scope.task_id else [])
        if not rows:
            raise RequestError(ErrorCode.UNKNOWN_TASK, "The photo was deleted.")
        return rows

    async def _pending(self, watch: TaskWatch, position: WatchCursor) -> AsyncIterator[WatchEvent]:
        after = position.pending_after
        while after is not None:
            page = await pending_tasks(self._pool, watch.scope.owner, after, _PAGE_ROWS)
            rows = await fetch_tasks(self._pool, page.task_ids)
            for row in sorted(rows, key=lambda each: each["id"]):
                if watch.admit(row):
                    yield WatchEvent(WatchCursor(position.told_until, row["id"]), row=row)
            after = page.next_after

    async def _changed(self, watch: TaskWatch, position: WatchCursor) -> AsyncIterator[WatchEvent]:
        after = (position.told_until - OVERLAP, 0)
        begun_at = watch.seen_until
        while True:
            owners = [watch.scope.owner]
            found = await changed_tasks(self._pool, owners, after, _PAGE_ROWS)
            news = [each for each in found.tasks if watch.is_news(each.task_id, each.revision)]
            rows = {
                row["task_id"]: row
                for row in await fetch_tasks(self._pool, [each.task_id for each in news])
            }
            for each in news:
                row = rows.get(each.task_id)
                if row is not None and watch.admit(row):
                    # What was found, not what it has become since: the rest was found after that.
                    cursor = WatchCursor(min(each.changed_at, watch.told_until))
                    yield WatchEvent(cursor, row=row)
            if len(found.tasks) < _PAGE_ROWS or found.tasks[-1].changed_at > begun_at:
                return
            after = (found.tasks[-1].changed_at, found.tasks[-1].photo_id)


async def _sorted_events(
    watch: TaskWatch, rows: list[asyncpg.Record], position: WatchCursor | None
) -> AsyncIterator[WatchEvent]:
    """Those of `rows` that are news, in the order of their changes."""
    since = position.told_until - OVERLAP if position else None
    told_until = watch.told_until
    news = [
        row for row in rows if watch.admit(row) and (since is None or row["changed_at"] > since)
    ]
    news.sort(key=lambda row: row["changed_at"])
    limits = [row["changed_at"] for row in news[1:]] + [told_until]
    for row, limit in zip(news, limits, strict=False):
        yield WatchEvent(WatchCursor(min(told_until, limit)), row=row)
