"""What this process knows of the lanes that are paused."""

import time

import asyncpg
import structlog
from prometheus_client import Gauge

from photo_records.database_errors import DATABASE_DOWN
from photo_records.paused_lanes import find_paused_lanes
from photo_records.task_queue import Lane

# The relay looks every second; whoever publishes looks where the relay is in trouble.
MAX_AGE_SECONDS = 2.0
# For how long the metrics tell what the database said last: the largest of all replicas counts.
_TOLD_SECONDS = 300.0

_PAUSED = Gauge("photo_lane_paused", "1 while nothing of the lane is published", ["lane"])

_log = structlog.get_logger(__name__)


class PausedLanes:
    """The paused lanes as they were a moment ago: no query for each upload."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._lanes: frozenset[Lane] = frozenset()
        self._looked_at = float("-inf")

    async def refresh(self) -> None:
        """Look now. Raises what asyncpg raises."""
        started = time.monotonic()
        try:
            self._lanes = await find_paused_lanes(self._pool)
        except Exception:
            # Whatever it is goes on to the caller; only what was told long ago is no longer told.
            if started - self._looked_at > _TOLD_SECONDS:
                _PAUSED.clear()
            raise
        self._looked_at = started
        for lane in Lane:
            _PAUSED.labels(lane).set(lane in self._lanes)

    async def recent(self) -> frozenset[Lane]:
        """The paused lanes, at most 2 s old; older only while the database does not answer."""
        if time.monotonic() - self._looked_at > MAX_AGE_SECONDS:
            try:
                await self.refresh()
            except (*DATABASE_DOWN, asyncpg.PostgresError) as error:
                _log.warning("paused_lanes_unknown", error=type(error).__name__)
        return self._lanes
