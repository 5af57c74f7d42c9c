"""What watchers of tasks ask of the database."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

# `changed_at` is when a transition began. Longer than any of them takes to be committed: statements
# and transactions of every service are given up long before. What changed before a look by more
# than this was there to be seen.
LONGEST_TRANSITION_SECONDS = 60

# Always a row, so that the time is known where nothing changed.
_CHANGED = """
SELECT clock.now, photo.task_id, photo.id, photo.revision, photo.changed_at, photo.owner,
    photo.batch_id
FROM (VALUES (now())) AS clock (now)
LEFT JOIN LATERAL (
    SELECT task_id, id, revision, changed_at, owner, batch_id
    FROM photos
    WHERE owner = ANY($1::text[]) AND (changed_at, id) > ($2::timestamptz, $3::bigint)
    ORDER BY changed_at, id
    LIMIT $4
) AS photo ON true
ORDER BY photo.changed_at, photo.id
"""

_PENDING = """
SELECT clock.now, photo.task_id, photo.id
FROM (VALUES (now())) AS clock (now)
LEFT JOIN LATERAL (
    SELECT task_id, id FROM photos
    WHERE owner = $1 AND status = 'PENDING' AND id > $2
    ORDER BY id
    LIMIT $3
) AS photo ON true
ORDER BY photo.id
"""

_EXISTING = "SELECT task_id FROM photos WHERE task_id = ANY($1::uuid[])"


@dataclass(frozen=True, slots=True)
class ChangedTask:
    """The last transition of a task."""

    task_id: UUID
    photo_id: int
    revision: int
    changed_at: datetime
    owner: str
    batch_id: UUID


@dataclass(frozen=True, slots=True)
class ChangedTasks:
    """The tasks that a look found, and when it looked, by the database's clock."""

    looked_at: datetime
    tasks: list[ChangedTask]


@dataclass(frozen=True, slots=True)
class PendingTasks:
    """The PENDING tasks that a look found, in the order of their photo ids."""

    looked_at: datetime
    task_ids: list[UUID]
    # The id to go on after; None where there are no more.
    next_after: int | None


async def changed_tasks(
    pool: asyncpg.Pool, owners: Collection[str], after: tuple[datetime, int], limit: int
) -> ChangedTasks:
    """Up to `limit` tasks of the owners whose (changed_at, id) follow `after`, in that order."""
    rows = await pool.fetch(_CHANGED, list(owners), *after, limit)
    found = [ChangedTask(*row[1:]) for row in rows if row["id"] is not None]
    return ChangedTasks(rows[0]["now"], found)


async def pending_tasks(pool: asyncpg.Pool, owner: str, after: int, limit: int) -> PendingTasks:
    """Up to `limit` PENDING tasks of an owner whose photo ids follow `after`."""
    rows = await pool.fetch(_PENDING, owner, after, limit)
    found = [row["task_id"] for row in rows if row["id"] is not None]
    next_after = rows[-1]["id"] if len(found) == limit else None
    return PendingTasks(rows[0]["now"], found, next_after)


async def existing_tasks(pool: asyncpg.Pool, task_ids: Collection[UUID]) -> set[UUID]:
    """Those of the tasks that exist."""
    return {row["task_id"] for row in await pool.fetch(_EXISTING, list(task_ids))}


async def database_time(pool: asyncpg.Pool) -> datetime:
    """Now, by the database's clock."""
    now: datetime = await pool.fetchval("SELECT now()")
    return now
