"""Tells in metrics how the backlog stands; operators, alerts and autoscalers read them."""

import asyncio
import time

import asyncpg
import structlog
from prometheus_client import Gauge

from photo_domain.task_state import TaskStage
from photo_records.backlog import NO_BACKLOG, backlog_of_lanes
from photo_records.database_errors import DATABASE_DOWN
from photo_records.task_queue import Lane

# Prometheus looks no more often.
_INTERVAL_SECONDS = 10.0
# A look that takes long is followed by a longer pause: all looks of a replica take a fiftieth of
# the time at most.
_PAUSE_FOR_EACH_SECOND = 50.0
# What is older is told no more: the largest figure counts, and one replica that has lost its
# database would hold up an old one. As long as BacklogNotCounted waits.
_KNOWN_SECONDS = 300.0

_STAGES = (TaskStage.QUEUED, TaskStage.PROCESSING, TaskStage.WAITING_TO_RETRY)

_BACKLOG = Gauge(
    "photo_backlog_tasks", "PENDING tasks by what is happening to them", ["lane", "stage"]
)
_OUTBOX = Gauge(
    "photo_outbox_tasks",
    "PENDING tasks that nobody works on and whose message is not with the broker",
    ["lane"],
)
_OLDEST = Gauge(
    "photo_oldest_pending_task_seconds",
    "Time since the upload of the oldest PENDING task, 0 without one",
    ["lane"],
)
_LAST_LOOK = Gauge(
    "photo_backlog_last_look_timestamp_seconds", "When this replica last counted the backlog"
)

_log = structlog.get_logger(__name__)


class BacklogGauges:
    """Every replica asks the database and tells the same: take the largest, never the sum."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._measured_at = float("-inf")

    async def run(self) -> None:
        """Look every 10 seconds, less often where a look takes long, until cancelled."""
        while True:
            started = time.monotonic()
            try:
                await self.measure()
            except (*DATABASE_DOWN, asyncpg.PostgresError) as error:
                _log.warning("backlog_not_measured", error=type(error).__name__)
            except Exception:  # noqa: BLE001 - whatever it is, the next look may find it gone
                _log.exception("measuring_broke")
            if time.monotonic() - self._measured_at > _KNOWN_SECONDS:
                for gauge in (_BACKLOG, _OUTBOX, _OLDEST):
                    gauge.clear()
            took = time.monotonic() - started
            await asyncio.sleep(max(_INTERVAL_SECONDS, took * _PAUSE_FOR_EACH_SECOND))

    async def measure(self) -> None:
        """Set the gauges once. Raises what asyncpg raises; they keep what they told then."""
        started = time.monotonic()
        backlogs = await backlog_of_lanes(self._pool)
        for lane in Lane:
            backlog = backlogs.get(lane, NO_BACKLOG)
            for stage in _STAGES:
                _BACKLOG.labels(lane, stage).set(backlog.stages.get(stage, 0))
            _OUTBOX.labels(lane).set(backlog.unqueued)
            _OLDEST.labels(lane).set(backlog.oldest_seconds)
        self._measured_at = started
        _LAST_LOOK.set_to_current_time()
