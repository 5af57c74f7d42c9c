"""Tells watchers of what was committed, behind the answers."""

import asyncio
from collections import deque
from collections.abc import Callable

import redis
import structlog
from prometheus_client import Counter
from redis.asyncio import Redis

from photo_records.task_changes import CHANNEL, TaskChange, change_message

# Messages of one round trip, and the most that wait for one.
_MAX_GROUP = 500
_MAX_WAITING = 10_000
# After a failure nothing is tried for so long: what changes meanwhile is found by who looks.
_PAUSE_SECONDS = 1.0
_DRAIN_SECONDS = 2.0

_TOLD = Counter("photo_task_changes_told_total", "Changes of tasks that watchers were told of")
_UNTOLD = Counter(
    "photo_task_changes_untold_total", "Changes that Redis did not take; looks find them"
)

_log = structlog.get_logger(__name__)

# Called after a commit; never waits and never fails.
TellChange = Callable[[TaskChange], None]


class ChangePublisher:
    """Publishes in the background, best effort: whatever gathers meanwhile shares a round trip."""

    def __init__(self, client: Redis) -> None:
        self._redis = client
        self._waiting: deque[TaskChange] = deque()
        self._publishing: asyncio.Task[None] | None = None

    def tell(self, change: TaskChange) -> None:
        """Tell of a change that is committed, soon; never waits and never fails."""
        if len(self._waiting) >= _MAX_WAITING:
            _UNTOLD.inc()
            return
        self._waiting.append(change)
        if self._publishing is None:
            self._publishing = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Tell what waits, for 2 s at most, and close the connection."""
        if self._publishing is not None:
            _done, late = await asyncio.wait([self._publishing], timeout=_DRAIN_SECONDS)
            for task in late:
                task.cancel()
        await self._redis.aclose()

    async def _run(self) -> None:
        try:
            while self._waiting:
                count = min(_MAX_GROUP, len(self._waiting))
                await self._publish([self._waiting.popleft() for _ in range(count)])
        finally:
            self._publishing = None

    async def _publish(self, changes: list[TaskChange]) -> None:
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for change in changes:
                    pipeline.publish(CHANNEL, change_message(change))
                await pipeline.execute()
        except (redis.RedisError, OSError) as error:
            _log.warning("changes_not_told", changes=len(changes), error=type(error).__name__)
        except Exception:  # noqa: BLE001 - whatever it is, the next changes go on
            _log.exception("telling_failed", changes=len(changes))
        else:
            _TOLD.inc(len(changes))
            return
        _UNTOLD.inc(len(changes) + len(self._waiting))
        self._waiting.clear()
        await asyncio.sleep(_PAUSE_SECONDS)
