"""How the whole service stands: what waits, what was done, who uses the storage.

Each function is one read of many rows: ask for each as seldom as its docstring says, for all
viewers together. All raise ReadTooSlowError.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from photo_domain.failure import FailureCode
from photo_records.bounded_read import bounded_read
from photo_records.task_queue import Lane

# Nobody counts further: a count of one more means that there are more.
MOST_COUNTED = 100_000


@dataclass(frozen=True, slots=True)
class LaneBacklog:
    """The PENDING tasks of a lane; each count ends at MOST_COUNTED + 1."""

    lane: Lane
    # With the broker, or on the way to it.
    queued: int
    # A worker has them.
    running: int
    # They wait for a later attempt.
    postponed: int
    # The birth of the oldest; None where nothing is PENDING.
    oldest_pending: datetime | None
    # None unless the lane is paused.
    paused_at: datetime | None
    paused_by: str | None

    @property
    def waiting(self) -> int:
        """Those that nobody works on: what `PhotoFilter.waiting` finds."""
        return self.queued + self.postponed


@dataclass(frozen=True, slots=True)
class ThroughputStep:
    """What ended from `start` on for the length of a step."""

    start: datetime
    succeeded: int
    failed: int


@dataclass(frozen=True, slots=True)
class Throughput:
    """What ended in a window of time that ends with the step under way."""

    looked_at: datetime
    step: timedelta
    # Oldest first, without gaps.
    steps: tuple[ThroughputStep, ...]
    # How many failed for which reason, most first.
    failures: tuple[tuple[FailureCode, int], ...]


@dataclass(frozen=True, slots=True)
class OwnerStorage:
    """How many photos an owner has, and the bytes of their originals."""

    owner: str
    photos: int
    bytes: int


@dataclass(frozen=True, slots=True)
class StorageUse:
    """Who uses the storage most, most first, and all owners together."""

    looked_at: datetime
    owners: tuple[OwnerStorage, ...]
    owner_count: int
    photos: int
    bytes: int


_BACKLOGS = text(f"""
SELECT
    asked.lane,
    (
        SELECT count(*) FROM (
            SELECT FROM photos
            WHERE status = 'PENDING' AND lane = asked.lane
            AND lease_expires_at IS NULL AND next_attempt_at IS NULL
            LIMIT {MOST_COUNTED + 1}
        ) AS found
    ) AS queued,
    (
        SELECT count(*) FROM (
            SELECT FROM photos
            WHERE status = 'PENDING' AND lease_expires_at IS NOT NULL AND lane = asked.lane
            LIMIT {MOST_COUNTED + 1}
        ) AS found
    ) AS running,
    (
        SELECT count(*) FROM (
            SELECT FROM photos
            WHERE status = 'PENDING' AND next_attempt_at IS NOT NULL AND lane = asked.lane
            LIMIT {MOST_COUNTED + 1}
        ) AS found
    ) AS postponed,
    (
        SELECT created_at FROM photos
        WHERE status = 'PENDING' AND lane = asked.lane
        ORDER BY id
        LIMIT 1
    ) AS oldest_pending,
    paused.paused_at, paused.paused_by
FROM unnest(CAST(:lanes AS text[])) WITH ORDINALITY AS asked (lane, place)
LEFT JOIN paused_lanes AS paused ON paused.lane = asked.lane
ORDER BY asked.place
""")  # noqa: S608 - made of constants

_ENDS = text("""
SELECT
    date_bin(:step, finished_at, :origin) AS start,
    error_code,
    count(*) AS photos
FROM photos
WHERE finished_at IS NOT NULL AND finished_at >= :since
GROUP BY 1, 2
""")

_STORAGE = text("""
WITH per_owner AS (
    SELECT owner, count(*) AS photos, sum(size)::bigint AS bytes FROM photos GROUP BY owner
)
SELECT
    owner, photos, bytes,
    count(*) OVER () AS owner_count,
    sum(photos) OVER ()::bigint AS all_photos,
    sum(bytes) OVER ()::bigint AS all_bytes
FROM per_owner
ORDER BY bytes DESC, owner
LIMIT :limit
""")
_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)


async def lane_backlogs(connection: AsyncConnection) -> tuple[LaneBacklog, ...]:
    """The backlog of every lane. Ask every five seconds at most."""
    async with bounded_read(connection):
        rows = await connection.execute(_BACKLOGS, {"lanes": list(Lane)})
    return tuple(LaneBacklog(Lane(row.lane), *row[1:]) for row in rows)


async def throughput(connection: AsyncConnection, window: timedelta, step: timedelta) -> Throughput:
    """What ended in the last `window`, in steps of `step`; steps are whole minutes or hours.

    Ask for an hour every ten seconds at most, for a day every minute.
    """
    async with bounded_read(connection):
        now = (await connection.execute(select(func.now()))).scalar_one()
        last = now - (now - _ORIGIN) % step
        starts = [last - step * back for back in range(window // step - 1, -1, -1)]
        values = {"step": step, "origin": _ORIGIN, "since": starts[0]}
        rows = (await connection.execute(_ENDS, values)).all()
    succeeded: Counter[datetime] = Counter()
    failed: Counter[datetime] = Counter()
    failures: Counter[FailureCode] = Counter()
    for row in rows:
        if row.error_code is None:
            succeeded[row.start] += row.photos
        else:
            failed[row.start] += row.photos
            failures[FailureCode(row.error_code)] += row.photos
    steps = tuple(ThroughputStep(start, succeeded[start], failed[start]) for start in starts)
    return Throughput(now, step, steps, tuple(failures.most_common()))


async def storage_by_owner(connection: AsyncConnection, limit: int = 20) -> StorageUse:
    """The owners with the most bytes. It reads an index of every photo: ask once a minute."""
    async with bounded_read(connection):
        now = (await connection.execute(select(func.now()))).scalar_one()
        rows = (await connection.execute(_STORAGE, {"limit": limit})).all()
    owners = tuple(OwnerStorage(row.owner, row.photos, row.bytes) for row in rows)
    if not rows:
        return StorageUse(now, owners, 0, 0, 0)
    return StorageUse(now, owners, rows[0].owner_count, rows[0].all_photos, rows[0].all_bytes)
