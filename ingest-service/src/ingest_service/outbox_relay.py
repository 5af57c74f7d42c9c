"""Publishes the tasks that wait in the outbox, for as long as the service runs."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Protocol, TypeVar

import asyncpg
import structlog
from prometheus_client import Counter, Gauge

from ingest_service.change_publisher import TellChange
from ingest_service.paused_lanes import PausedLanes
from ingest_service.publish_spans import traced_publishing
from ingest_service.task_publisher import Broker, BrokerUnavailableError, TaskMessage
from photo_records.database_errors import DATABASE_DOWN
from photo_records.outbox import (
    OutboxTask,
    RepublishReason,
    forget_queued,
    mark_republished,
    take_due,
)
from photo_records.task_changes import TaskChange
from photo_records.task_queue import Lane

# Tasks of one transaction and of one round trip to the broker.
_GROUP = 500
_TICK_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 15.0
# Of the pause; without an end the number itself would grow too large within hours.
_MOST_DOUBLINGS = 16

_REPUBLISHED = Counter(
    "photo_outbox_republished_total", "Tasks that the relay published", ["reason"]
)
_LAST_RUN = Gauge(
    "photo_outbox_relay_last_run_timestamp_seconds",
    "When the relay of this replica last got through the whole outbox",
)

# What these had waited for, or who had them, is gone: a transition. The others were queued already.
_BACK_TO_QUEUED = (RepublishReason.ATTEMPT_DUE, RepublishReason.LEASE_EXPIRED)

_log = structlog.get_logger(__name__)

AnswerT = TypeVar("AnswerT")


class RelayBroker(Broker, Protocol):
    """A broker that also tells what it holds. Used by one thread at a time."""

    def given_out_until(self) -> dict[Lane, datetime]:
        """When the next message of each lane was published, as `take_due` wants it.

        Raises BrokerUnavailableError.
        """

    def remembers(self) -> bool:
        """Whether the broker still has what `remember` left. Raises BrokerUnavailableError."""

    def remember(self) -> None:
        """Leave a mark that is gone when the broker loses its memory."""


class OutboxRelay:
    """Republishes what is due; any number of replicas may run, publishing twice is harmless.

    Of paused lanes it publishes nothing, and tells the others in the process which those are.
    """

    def __init__(
        self, pool: asyncpg.Pool, broker: RelayBroker, paused: PausedLanes, tell: TellChange
    ) -> None:
        self._pool = pool
        self._broker = broker
        self._paused = paused
        self._tell = tell
        # kombu's connections belong to one thread at a time.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="relay")
        self._failures = 0

    async def run(self) -> None:
        """Look at the outbox every second, less often while the broker or database is away."""
        try:
            while True:
                await self._try_to_relay()
                await asyncio.sleep(self._pause())
        finally:
            self._thread.shutdown(wait=False)

    async def relay_once(self) -> int:
        """Publish everything that is due now; how many tasks that were.

        Raises BrokerUnavailableError and what asyncpg raises; what was not published stays due.
        """
        await self._paused.refresh()
        if not await self._ask(self._broker.remembers):
            _log.warning("broker_lost_its_memory")
            while await forget_queued(self._pool, _GROUP):
                pass
            # Only now: a relay that dies before this leaves the rest to the next look.
            await self._ask(self._broker.remember)
        return sum([await self._relay_all(reason) for reason in RepublishReason])

    async def _try_to_relay(self) -> None:
        try:
            await self.relay_once()
            self._failures = 0
            _LAST_RUN.set_to_current_time()
        except (BrokerUnavailableError, *DATABASE_DOWN, asyncpg.PostgresError) as error:
            self._failures += 1
            _log.warning("relay_interrupted", error=type(error).__name__)
        except Exception:  # noqa: BLE001 - whatever it is, the next look may find it gone
            self._failures += 1
            _log.exception("relay_broke")

    async def _relay_all(self, reason: RepublishReason) -> int:
        total = 0
        while count := await self._relay_group(reason):
            total += count
            if count < _GROUP:
                break
        return total

    async def _relay_group(self, reason: RepublishReason) -> int:
        # Anew for each group: what was published a moment ago is with the broker now.
        given_out_until = await self._ask(self._broker.given_out_until)
        # The rows stay locked until their messages are out: a worker that is faster waits for it.
        async with self._pool.acquire() as connection, connection.transaction():
            tasks = await take_due(connection, reason, _GROUP, given_out_until)
            if tasks:
                messages = [_message(task) for task in tasks]
                with traced_publishing(messages, reason) as named:
                    await self._ask(lambda: self._broker.publish(named))
                await mark_republished(connection, [task.photo_id for task in tasks])
        if tasks:
            if reason in _BACK_TO_QUEUED:
                for task in tasks:
                    self._tell(TaskChange(task.task_id, task.batch_id))
            _REPUBLISHED.labels(reason).inc(len(tasks))
            _log.info("tasks_republished", reason=str(reason), tasks=len(tasks))
        return len(tasks)

    async def _ask(self, question: Callable[[], AnswerT]) -> AnswerT:
        answer: Awaitable[AnswerT] = asyncio.get_running_loop().run_in_executor(
            self._thread, question
        )
        return await answer

    def _pause(self) -> float:
        doublings = min(self._failures, _MOST_DOUBLINGS)
        longest = min(_LONGEST_PAUSE_SECONDS, _TICK_SECONDS * 2**doublings)
        # Replicas that lost the same broker do not come back in step.
        return random.uniform(longest / 2, longest) if self._failures else _TICK_SECONDS  # noqa: S311


def _message(task: OutboxTask) -> TaskMessage:
    batch_id = str(task.batch_id)
    return TaskMessage(task.task_id, task.lane, batch_id, "", task.traceparent)
