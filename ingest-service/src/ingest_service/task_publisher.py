"""Hands new and retried tasks to the broker, behind the answers."""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import asyncpg
import structlog
from prometheus_client import Counter

from ingest_service.paused_lanes import PausedLanes
from ingest_service.publish_spans import NEW_RUN, traced_publishing
from photo_records.database_errors import DATABASE_DOWN
from photo_records.registration import mark_enqueued
from photo_records.task_queue import Lane

# Messages of one round trip, and the most that wait for one. What does not fit, or cannot be
# published, stays in the outbox: PENDING rows without enqueued_at.
_MAX_GROUP = 1_000
_MAX_WAITING = 20_000

_PUBLISHED = Counter("photo_tasks_published_total", "Tasks handed to the broker", ["lane"])
_UNPUBLISHED = Counter(
    "photo_tasks_left_in_outbox_total", "Tasks that the broker did not take at once"
)

_log = structlog.get_logger(__name__)


class BrokerUnavailableError(Exception):
    """The broker did not take the messages, or did not say so in time."""


@dataclass(frozen=True, slots=True)
class TaskMessage:
    """A task to publish, with the ids that the worker's log will carry."""

    task_id: UUID
    lane: Lane
    batch_id: str
    request_id: str
    # The span that its publishing is under, and one more that it has to do with
    # (W3C Trace Context), where those are traced.
    traceparent: str | None = None
    link: str | None = None


class Broker(Protocol):
    """Where tasks are published. Used by one thread at a time."""

    def publish(self, messages: Sequence[TaskMessage]) -> None:
        """Send all messages in one round trip, or raise BrokerUnavailableError in about 1 s."""


class TaskPublisher:
    """Publishes in the background: whatever gathers during one round trip shares the next.

    Tasks of paused lanes are left to the relay, which publishes them after the pause.
    """

    def __init__(self, broker: Broker, pool: asyncpg.Pool, paused: PausedLanes) -> None:
        self._broker = broker
        self._pool = pool
        self._paused = paused
        self._waiting: deque[TaskMessage] = deque()
        self._publishing: asyncio.Task[None] | None = None
        # kombu's connections belong to one thread at a time.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="publisher")

    def send(self, messages: Sequence[TaskMessage]) -> None:
        """Publish these tasks, which are committed, soon; never waits and never fails."""
        if len(self._waiting) + len(messages) > _MAX_WAITING:
            _UNPUBLISHED.inc(len(messages))
            return
        self._waiting.extend(messages)
        if self._publishing is None:
            self._publishing = asyncio.create_task(self._run())

    async def drain(self) -> None:
        """Wait until what was sent is with the broker or left in the outbox."""
        while self._publishing is not None:
            await asyncio.shield(self._publishing)
        self._thread.shutdown(wait=False)

    async def _run(self) -> None:
        try:
            while self._waiting:
                count = min(_MAX_GROUP, len(self._waiting))
                await self._publish([self._waiting.popleft() for _ in range(count)])
        finally:
            self._publishing = None

    async def _publish(self, messages: Sequence[TaskMessage]) -> None:
        loop = asyncio.get_running_loop()
        try:
            paused = await self._paused.recent()
            messages = [message for message in messages if message.lane not in paused]
            if not messages:
                return
            with traced_publishing(messages, NEW_RUN) as named:
                await loop.run_in_executor(self._thread, self._broker.publish, named)
        except BrokerUnavailableError as error:
            _UNPUBLISHED.inc(len(messages))
            _log.warning("broker_unavailable", tasks=len(messages), error=str(error.__cause__))
            return
        except Exception:  # noqa: BLE001 - whatever it is, the next messages go on
            _UNPUBLISHED.inc(len(messages))
            _log.exception("publish_failed", tasks=len(messages))
            return
        for message in messages:
            _PUBLISHED.labels(message.lane).inc()
        await self._mark([message.task_id for message in messages])

    async def _mark(self, task_ids: Sequence[UUID]) -> None:
        try:
            await mark_enqueued(self._pool, task_ids)
        except (*DATABASE_DOWN, asyncpg.PostgresError) as error:
            # They will be published once more, which is harmless.
            _log.warning("enqueued_not_marked", tasks=len(task_ids), error=type(error).__name__)
        except Exception:  # noqa: BLE001 - whatever it is, the next messages go on
            _log.exception("marking_failed", tasks=len(task_ids))
