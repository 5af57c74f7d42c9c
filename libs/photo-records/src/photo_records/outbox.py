"""The outbox: PENDING rows whose message is not with the broker, or no longer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

import asyncpg

from photo_records.failed_attempts import AttemptOutcome, noted_of
from photo_records.task_queue import Lane

# The time of the next message of a lane that has none.
NOTHING_WAITS = datetime.max.replace(tzinfo=UTC)


class RepublishReason(StrEnum):
    """Why the relay publishes a task."""

    # Nobody has noted that it is with the broker: the broker was away or has forgotten it, the
    # publisher died, or its process crashed or was ended and its run given back.
    NEVER_QUEUED = "never_queued"
    # Its pause after transient trouble is over.
    ATTEMPT_DUE = "attempt_due"
    # Whoever worked on it is gone.
    LEASE_EXPIRED = "lease_expired"
    # Its lane has moved on past it, yet nobody has taken it up: the broker lost its message.
    MESSAGE_LOST = "message_lost"


@dataclass(frozen=True, slots=True)
class OutboxTask:
    """A task to publish."""

    photo_id: int
    task_id: UUID
    batch_id: UUID
    lane: Lane
    # What names the span of its upload (W3C Trace Context), where that was traced.
    traceparent: str | None


# What is not claimed and waits for nothing: only its message can bring it on.
_UNCLAIMED = "lease_expires_at IS NULL AND next_attempt_at IS NULL"

# Of a paused lane nothing is published. Where many may wait there is a statement for each lane: of
# both at once Postgres would read all that waits in one that is paused, every time.
_OPEN = "lane NOT IN (SELECT paused.lane FROM paused_lanes AS paused)"
_LANE = "lane = $2 AND NOT EXISTS (SELECT FROM paused_lanes AS paused WHERE paused.lane = $2)"

# Queued a minute before what the lane gives out now: clocks differ. What a worker handed back is
# at the end of its lane and may be taken for lost: it is published twice then, which is harmless.
_PASSED = "enqueued_at < least($3, now()) - interval '1 minute'"

_DUE = {
    RepublishReason.NEVER_QUEUED: (
        f"{_LANE} AND enqueued_at IS NULL AND created_at < now() - interval '5 seconds'"
        f" AND {_UNCLAIMED}"
    ),
    RepublishReason.ATTEMPT_DUE: f"{_OPEN} AND next_attempt_at <= now()",
    RepublishReason.LEASE_EXPIRED: f"{_OPEN} AND lease_expires_at <= now()",
    RepublishReason.MESSAGE_LOST: f"{_LANE} AND {_PASSED} AND {_UNCLAIMED}",
}

# Each reads an index of its own in its order, where what is published is gone: what else is
# PENDING, however much, is not passed again for each group.
_ORDER = {
    RepublishReason.NEVER_QUEUED: "created_at, id",
    RepublishReason.ATTEMPT_DUE: "next_attempt_at, id",
    RepublishReason.LEASE_EXPIRED: "lease_expires_at, id",
    RepublishReason.MESSAGE_LOST: "enqueued_at, id",
}

# FOR UPDATE SKIP LOCKED: any number of relays share the work. What is being written is left out.
_TAKE = {
    reason: f"""
SELECT id, task_id, batch_id, lane, traceparent FROM photos
WHERE status = 'PENDING' AND {_DUE[reason]}
ORDER BY {_ORDER[reason]}
LIMIT $1
FOR UPDATE SKIP LOCKED
"""  # noqa: S608 - made of constants
    for reason in RepublishReason
}

# Back to `queued`: a transition, unless it was queued already. It fences whoever had the lease.
_MARK = f"""
WITH seen AS (SELECT * FROM photos WHERE id = ANY($1)),
noted AS ({noted_of("seen", AttemptOutcome.VANISHED)})
UPDATE photos
SET enqueued_at = now(),
    revision = revision + (
        lease_expires_at IS NOT NULL OR next_attempt_at IS NOT NULL
    )::int,
    changed_at = CASE
        WHEN lease_expires_at IS NOT NULL OR next_attempt_at IS NOT NULL THEN now()
        ELSE changed_at
    END,
    lease_expires_at = NULL,
    claimed_by = NULL,
    next_attempt_at = NULL
WHERE id = ANY($1) AND status = 'PENDING'
"""  # noqa: S608 - made of constants

# In the order of the index that they leave, so that the next group does not pass them again.
_FORGET = """
WITH queued AS (
    SELECT id FROM photos
    WHERE status = 'PENDING' AND enqueued_at IS NOT NULL
    AND lease_expires_at IS NULL AND next_attempt_at IS NULL
    ORDER BY lane, enqueued_at
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
UPDATE photos SET enqueued_at = NULL FROM queued WHERE photos.id = queued.id
"""


async def take_due(
    connection: asyncpg.pool.PoolConnectionProxy,
    reason: RepublishReason,
    limit: int,
    given_out_until: Mapping[Lane, datetime],
) -> list[OutboxTask]:
    """Lock up to `limit` tasks that are due for `reason`, until the transaction ends.

    Tasks of paused lanes are left alone. `given_out_until` says when the message that is next in a
    lane was published, NOTHING_WAITS for an empty one; a lane of which that is not known is left
    out. Only MESSAGE_LOST looks at it: a lane gives out its messages in their order.
    """
    values: Sequence[tuple[object, ...]] = [()]
    if reason is RepublishReason.NEVER_QUEUED:
        values = [(lane,) for lane in Lane]
    elif reason is RepublishReason.MESSAGE_LOST:
        values = list(given_out_until.items())
    rows: list[asyncpg.Record] = []
    for bound in values:
        rows += await connection.fetch(_TAKE[reason], limit - len(rows), *bound)
    return [outbox_task(row) for row in rows]


def outbox_task(row: asyncpg.Record) -> OutboxTask:
    """What to publish for a row of `photos`."""
    return OutboxTask(
        row["id"], row["task_id"], row["batch_id"], Lane(row["lane"]), row["traceparent"]
    )


async def mark_republished(
    connection: asyncpg.pool.PoolConnectionProxy, photo_ids: Sequence[int]
) -> None:
    """Note in the same transaction that the messages of these tasks are with the broker."""
    await connection.execute(_MARK, list(photo_ids))


async def forget_queued(pool: asyncpg.Pool, limit: int) -> int:
    """Take back that unclaimed tasks are with the broker, which lost its memory.

    At most `limit` of them; how many. Call it until it is 0.
    """
    return int((await pool.execute(_FORGET, limit)).rpartition(" ")[2])
