"""The backlog: how many tasks are PENDING in each lane, and since when."""

from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from photo_domain.task_state import TaskStage
from photo_records.task_queue import Lane

# Of each lane those with a message, and as many of those without: beyond it counts stand still, so
# that a look costs no more the longer the backlog is. The oldest come first, and with them what is
# being worked on.
MOST_COUNTED = 20_000


@dataclass(frozen=True, slots=True)
class LaneBacklog:
    """The PENDING tasks of a lane.

    `unqueued` are those that nobody works on and whose message is not with the broker: not
    published yet, or waiting for a later attempt. `oldest_seconds` is the time since the upload of
    the oldest; a photo that is retried was born when it was uploaded.
    """

    stages: Mapping[TaskStage, int]
    unqueued: int
    oldest_seconds: float


NO_BACKLOG = LaneBacklog({}, 0, 0.0)

# Each part reads one of the partial indexes in its order.
_PART = (
    "(SELECT lane, created_at, lease_expires_at, next_attempt_at, enqueued_at FROM photos"
    " WHERE status = 'PENDING' AND lane = '{lane}' AND {condition} LIMIT $1)"
)
_PARTS = " UNION ALL ".join(
    _PART.format(lane=lane, condition=condition)
    for lane in Lane
    for condition in (
        "enqueued_at IS NULL ORDER BY created_at",
        "enqueued_at IS NOT NULL ORDER BY enqueued_at",
    )
)
_BACKLOG = f"""
SELECT
    lane,
    count(*) FILTER (WHERE lease_expires_at IS NULL AND next_attempt_at IS NULL) AS queued,
    count(*) FILTER (WHERE lease_expires_at IS NOT NULL) AS processing,
    count(*) FILTER (WHERE next_attempt_at IS NOT NULL) AS waiting_to_retry,
    count(*) FILTER (
        WHERE lease_expires_at IS NULL AND (enqueued_at IS NULL OR next_attempt_at IS NOT NULL)
    ) AS unqueued,
    greatest(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest_seconds
FROM ({_PARTS}) AS pending
GROUP BY lane
"""  # noqa: S608 - made of constants

_STAGES = (TaskStage.QUEUED, TaskStage.PROCESSING, TaskStage.WAITING_TO_RETRY)


async def backlog_of_lanes(pool: asyncpg.Pool) -> dict[Lane, LaneBacklog]:
    """How the backlog stands; a lane without PENDING tasks is missing. Raises as asyncpg does."""
    rows = await pool.fetch(_BACKLOG, MOST_COUNTED)
    return {
        Lane(row["lane"]): LaneBacklog(
            {stage: row[stage] for stage in _STAGES}, row["unqueued"], row["oldest_seconds"]
        )
        for row in rows
    }
