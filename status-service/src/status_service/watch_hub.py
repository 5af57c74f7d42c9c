"""Brings changes to all streams of a replica, however many: no query and no thread for each."""

import asyncio
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from uuid import UUID

import asyncpg
import structlog
from prometheus_client import Counter, Gauge

from photo_domain.errors import ErrorCode, RequestError
from photo_records.database_errors import DATABASE_DOWN
from photo_records.task_changes import TaskChange
from photo_records.task_reads import fetch_tasks_and_batches
from photo_records.watch_reads import ChangedTask, changed_tasks, existing_tasks
from status_service.task_watch import OVERLAP, DeletedTask, TaskWatch, WatchScope

# More would be a sign of something else than people looking at photos.
MAX_STREAMS = 2_000

# Changes that come together are read together.
_GATHER_SECONDS = 0.005
# Tasks, and batches of up to 100 tasks, of one query.
_READ_TASKS = 500
_READ_BATCHES = 5
# Changes that wait to be read; when there are more, the next look finds them.
_MAX_NOTED = 10_000
# How often to look for changes that nobody told of, and how often such looks look for photos that
# are gone.
_LOOK_SECONDS = 5.0
_LOOKS_FOR_DELETED = 6
_LOOK_ROWS = 5_000

_STREAMS = Gauge("photo_task_watch_streams", "Open streams of WatchTasks")
_STREAMS_LIMIT = Gauge("photo_task_watch_streams_limit", "The most of them that a replica opens")
_FOUND = Counter("photo_task_watch_changes_found_total", "Changes that a look found first, untold")
_FAILED = Counter(
    "photo_task_watch_reads_failed_total", "Reads for streams that the database refused"
)

_log = structlog.get_logger(__name__)


class WatchHub:
    """The streams of this replica. Belongs to one loop; `run` has to run."""

    def __init__(self, pool: asyncpg.Pool, look_seconds: float = _LOOK_SECONDS) -> None:
        self._pool = pool
        self._look_seconds = look_seconds
        self._watches: dict[TaskWatch, None] = {}
        self._by_key: dict[object, set[TaskWatch]] = {}
        self._noted_tasks: set[UUID] = set()
        self._noted_batches: set[UUID] = set()
        self._deleted: dict[UUID, tuple[str, DeletedTask]] = {}
        self._woken = asyncio.Event()
        self._next_look = 0.0
        self._looks = 0
        self._is_closing = False
        _STREAMS_LIMIT.set(MAX_STREAMS)

    @property
    def stream_count(self) -> int:
        """How many streams are open."""
        return len(self._watches)

    @contextmanager
    def watching(self, scope: WatchScope) -> Iterator[TaskWatch]:
        """Offer what changes of `scope` to a watch.

        Raises RequestError (too_many_streams, stream_interrupted).
        """
        if self._is_closing:
            raise RequestError(ErrorCode.STREAM_INTERRUPTED, "The server ends; try another.")
        if len(self._watches) >= MAX_STREAMS:
            raise RequestError(
                ErrorCode.TOO_MANY_STREAMS, "The server holds too many streams; try again soon."
            )
        watch = TaskWatch(scope)
        self._watches[watch] = None
        self._by_key.setdefault(_key(scope), set()).add(watch)
        _STREAMS.set(len(self._watches))
        try:
            yield watch
        finally:
            del self._watches[watch]
            others = self._by_key[_key(scope)]
            others.discard(watch)
            if not others:
                del self._by_key[_key(scope)]
            _STREAMS.set(len(self._watches))

    def note(self, change: TaskChange) -> None:
        """Look at what a message told of, if anybody watches it."""
        if not self._concerns_anybody(change):
            return
        if len(self._noted_tasks) + len(self._noted_batches) + len(self._deleted) > _MAX_NOTED:
            self.look_soon()
            return
        if change.deleted:
            if change.task_id and change.batch_id and change.owner:
                gone = DeletedTask(change.task_id, change.batch_id)
                self._deleted[change.task_id] = (change.owner, gone)
        elif change.task_id:
            self._noted_tasks.add(change.task_id)
        elif change.batch_id:
            self._noted_batches.add(change.batch_id)
        self._woken.set()

    def look_soon(self) -> None:
        """Look for changes at once: messages may have been lost."""
        self._next_look = 0.0
        self._woken.set()

    def close(self) -> None:
        """End all streams, and let none begin."""
        self._is_closing = True
        for watch in self._watches:
            watch.interrupt()

    async def run(self) -> None:
        """Read what was noted, and look for what was not, until cancelled."""
        while True:
            try:
                await self._wait()
                await self._read_noted()
                if self._now() >= self._next_look:
                    self._put_off_look()
                    await self._look()
            except (*DATABASE_DOWN, asyncpg.PostgresError) as error:
                self._leave_to_next_look()
                _log.warning("watches_not_served", error=type(error).__name__)
            except Exception:  # noqa: BLE001 - whatever it is, the next look may find it gone
                self._leave_to_next_look()
                _log.exception("watching_broke")

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(max(0.0, self._next_look - self._now())):
                await self._woken.wait()
        except TimeoutError:
            return
        await asyncio.sleep(_GATHER_SECONDS)
        self._woken.clear()

    async def _read_noted(self) -> None:
        while self._noted_tasks or self._noted_batches:
            tasks = _taken(self._noted_tasks, _READ_TASKS)
            batches = _taken(self._noted_batches, _READ_BATCHES)
            await self._read(tasks, batches)
        # Last: nothing is told of a task after its end.
        while self._deleted:
            _task_id, (owner, deleted) = self._deleted.popitem()
            for watch in self._watches_of(owner, deleted.batch_id, deleted.task_id):
                watch.offer_deleted(deleted)

    async def _read(self, task_ids: Iterable[UUID], batch_ids: Iterable[UUID]) -> None:
        for row in await fetch_tasks_and_batches(self._pool, [*task_ids], [*batch_ids]):
            for watch in self._watches_of(row["owner"], row["batch_id"], row["task_id"]):
                watch.offer(row)

    async def _look(self) -> None:
        """Offer what changed since the last look that each watch knows of."""
        watches = [watch for watch in self._watches if watch.looked_at]
        if not watches:
            return
        owners = {watch.scope.owner for watch in watches}
        after = (min(watch.looked_at for watch in watches if watch.looked_at) - OVERLAP, 0)
        first = found = await changed_tasks(self._pool, owners, after, _LOOK_ROWS)
        while True:
            await self._offer_missed(found.tasks)
            if len(found.tasks) < _LOOK_ROWS or found.tasks[-1].changed_at > first.looked_at:
                break
            after = (found.tasks[-1].changed_at, found.tasks[-1].photo_id)
            found = await changed_tasks(self._pool, owners, after, _LOOK_ROWS)
        for watch in watches:
            watch.looked(first.looked_at)
        self._looks += 1
        if self._looks % _LOOKS_FOR_DELETED == 0:
            await self._look_for_deleted()

    async def _offer_missed(self, found: Iterable[ChangedTask]) -> None:
        missed = {
            task.task_id
            for task in found
            if any(
                watch.missed(task)
                for watch in self._watches_of(task.owner, task.batch_id, task.task_id)
            )
        }
        _FOUND.inc(len(missed))
        while missed:
            await self._read(_taken(missed, _READ_TASKS), ())

    async def _look_for_deleted(self) -> None:
        """Tell streams that would wait for ever of photos that are gone."""
        open_ids = {task_id for watch in self._watches for task_id in watch.open_task_ids}
        while open_ids:
            asked = _taken(open_ids, _READ_TASKS)
            gone = set(asked) - await existing_tasks(self._pool, asked)
            for watch in self._watches:
                if watch.scope.batch_id:
                    for task_id in gone.intersection(watch.open_task_ids):
                        watch.offer_deleted(DeletedTask(task_id, watch.scope.batch_id))

    def _concerns_anybody(self, change: TaskChange) -> bool:
        if change.owner is None or change.batch_id is None:
            # It may be anybody's.
            return bool(self._watches)
        return any(key in self._by_key for key in (change.owner, change.batch_id, change.task_id))

    def _watches_of(self, owner: str, batch_id: UUID, task_id: UUID) -> list[TaskWatch]:
        return [watch for key in (owner, batch_id, task_id) for watch in self._by_key.get(key, ())]

    def _leave_to_next_look(self) -> None:
        _FAILED.inc()
        self._noted_tasks.clear()
        self._noted_batches.clear()

    def _put_off_look(self) -> None:
        # Replicas do not look in step.
        self._next_look = self._now() + self._look_seconds * random.uniform(0.8, 1.2)  # noqa: S311

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _key(scope: WatchScope) -> object:
    """The owner, the batch or the task; an owner is a str, the two others never are the same."""
    return scope.task_id or scope.batch_id or scope.owner


def _taken(ids: set[UUID], most: int) -> list[UUID]:
    taken = list(islice(ids, most))
    ids.difference_update(taken)
    return taken
