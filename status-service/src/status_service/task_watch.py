"""What one stream watches, and what it has still to be told."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from photo_domain.errors import ErrorCode, RequestError
from photo_domain.task_state import TaskStatus
from photo_records.watch_reads import LONGEST_TRANSITION_SECONDS, ChangedTask
from status_service.resume_points import WatchCursor

# What changed longer before a look than this was seen by it, or by one before.
OVERLAP = timedelta(seconds=LONGEST_TRANSITION_SECONDS)
# Rows that wait for a slow stream. One that is slower reads them again, when it has the time.
MAX_WAITING = 200
# More than any revision: nothing is told of a task after its end.
_GONE = 2**63
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class WatchScope:
    """The tasks of an owner: all of them, those of one batch, or one of a batch."""

    owner: str
    batch_id: UUID | None = None
    task_id: UUID | None = None

    @property
    def is_finite(self) -> bool:
        """Whether there is nothing to watch any more once all its tasks have ended."""
        return self.batch_id is not None

    def covers(self, owner: str, batch_id: UUID, task_id: UUID) -> bool:
        """Whether that task is watched."""
        if self.task_id is not None:
            return self.task_id == task_id
        if self.batch_id is not None:
            return self.batch_id == batch_id
        return self.owner == owner


@dataclass(frozen=True, slots=True)
class DeletedTask:
    """A task whose photo was deleted."""

    task_id: UUID
    batch_id: UUID


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """How a task stands, that it is gone, or, with neither, a sign of life."""

    cursor: WatchCursor
    row: asyncpg.Record | None = None
    deleted: DeletedTask | None = None


class TaskWatch:
    """Keeps the newest state of each changed task until its stream takes it; belongs to one loop.

    Everything that changed before `looked_at` - OVERLAP was offered, or told by the stream itself.
    """

    def __init__(self, scope: WatchScope) -> None:
        self.scope = scope
        # By the database's clock; None until the stream has begun to tell how its tasks stand.
        self.looked_at: datetime | None = None
        self._revisions: dict[UUID, tuple[int, datetime]] = {}
        self._waiting: dict[UUID, asyncpg.Record] = {}
        self._deleted: dict[UUID, DeletedTask] = {}
        # The tasks of a finite scope that have not ended.
        self._open: set[UUID] = set()
        # From when on the stream has to read what it was too slow for.
        self._behind_since: datetime | None = None
        self._ready = asyncio.Event()
        self._is_interrupted = False

    @property
    def is_behind(self) -> bool:
        """Whether changes were dropped, which `catch_up` tells where to find again."""
        return self._behind_since is not None

    @property
    def is_over(self) -> bool:
        """Whether all has been taken and nothing more can come."""
        idle = not self._waiting and not self._deleted and not self.is_behind
        return self.scope.is_finite and idle and not self._open

    @property
    def open_task_ids(self) -> Collection[UUID]:
        """The tasks of a finite scope that have not ended."""
        return self._open

    def admit(self, row: asyncpg.Record) -> bool:
        """Whether this state of the task is news; from now on it is none."""
        if not self.is_news(row["task_id"], row["revision"]):
            return False
        self._revisions[row["task_id"]] = (row["revision"], row["changed_at"])
        if self.scope.is_finite:
            if row["status"] == TaskStatus.PENDING:
                self._open.add(row["task_id"])
            else:
                self._open.discard(row["task_id"])
        return True

    def is_news(self, task_id: UUID, revision: int) -> bool:
        """Whether no state as new as this was admitted."""
        return self._revisions.get(task_id, (0, _LONG_AGO))[0] < revision

    def missed(self, found: ChangedTask) -> bool:
        """Whether a change that a look found has not been offered."""
        return (
            self.looked_at is not None
            and found.changed_at > self.looked_at - OVERLAP
            and self.scope.covers(found.owner, found.batch_id, found.task_id)
            and not self.is_behind
            and self.is_news(found.task_id, found.revision)
        )

    def offer(self, row: asyncpg.Record) -> None:
        """Tell this state of a task of the scope, unless the stream knows it."""
        if self.is_behind or not self.admit(row):
            return
        self._waiting[row["task_id"]] = row
        if len(self._waiting) > MAX_WAITING:
            self._fall_behind()
        self._ready.set()

    def offer_deleted(self, deleted: DeletedTask) -> None:
        """Tell that the photo of a task of the scope is gone."""
        if not self.is_news(deleted.task_id, _GONE):
            return
        self._revisions[deleted.task_id] = (_GONE, _NEVER)
        self._waiting.pop(deleted.task_id, None)
        self._open.discard(deleted.task_id)
        if len(self._deleted) < MAX_WAITING:
            self._deleted[deleted.task_id] = deleted
        self._ready.set()

    def looked(self, at: datetime) -> None:
        """Note that everything was offered that could be seen at that time."""
        self.looked_at = at
        known = self._revisions
        if len(known) > MAX_WAITING:
            # No later look finds these again.
            oldest = at - OVERLAP
            self._revisions = {
                task_id: told
                for task_id, told in known.items()
                if told[1] > oldest or task_id in self._waiting
            }

    def interrupt(self) -> None:
        """End the stream, so that its caller resumes it elsewhere."""
        self._is_interrupted = True
        self._ready.set()

    async def take(self, seconds: float) -> list[WatchEvent]:
        """What is to be told now, oldest change first; a sign of life if nothing is for so long.

        Raises RequestError (stream_interrupted).
        """
        try:
            async with asyncio.timeout(seconds):
                await self._ready.wait()
        except TimeoutError:
            pass
        if self._is_interrupted:
            raise RequestError(
                ErrorCode.STREAM_INTERRUPTED, "The server ends its streams; resume this one."
            )
        self._ready.clear()
        rows = sorted(self._waiting.values(), key=lambda row: row["changed_at"])
        deleted = list(self._deleted.values())
        self._waiting, self._deleted = {}, {}
        told_until = self.told_until
        # What follows in the list is not told yet when a cursor goes out.
        limits = [row["changed_at"] for row in rows[1:]] + [told_until]
        events = [
            WatchEvent(WatchCursor(min(told_until, limit)), row=row)
            for row, limit in zip(rows, limits, strict=False)
        ]
        events += [WatchEvent(WatchCursor(told_until), deleted=each) for each in deleted]
        return events or [WatchEvent(WatchCursor(told_until))]

    @property
    def told_until(self) -> datetime:
        """Up to when all is told that could be seen; what waits has not been told."""
        waiting: list[datetime] = [row["changed_at"] for row in self._waiting.values()]
        return min([self.seen_until, *waiting])

    @property
    def seen_until(self) -> datetime:
        """Up to when all was offered that could be seen, whether it waits or was told."""
        return self._behind_since or self.looked_at or _LONG_AGO

    def catch_up(self) -> WatchCursor:
        """From where on to read what was dropped; from now on changes wait again."""
        behind_since, self._behind_since = self._behind_since, None
        return WatchCursor(behind_since or self.seen_until)

    def _fall_behind(self) -> None:
        moments = [row["changed_at"] for row in self._waiting.values()]
        self._behind_since = min([*moments, self.looked_at or _NEVER])
        for task_id in self._waiting:
            del self._revisions[task_id]
        self._waiting = {}
