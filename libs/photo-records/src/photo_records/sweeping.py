"""What the sweeper asks of the database: one sweep at a time, in short statements."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from photo_records.named_objects import PhotoObjects, objects_of, rendition_keys_of

Connection = asyncpg.pool.PoolConnectionProxy

_LOCK = 0x7377656570  # "sweep"
_ACQUIRE_SECONDS = 5.0

# A sweeper whose machine is lost must not hold the lock for the two hours that TCP would wait.
_NOTICE_A_LOST_SWEEPER = """
SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3
"""

_OWNED = f"""
SELECT
    photo.task_id, photo.status = 'PENDING' AS pending,
    {rendition_keys_of("photo")} || photo.object_key AS keys
FROM photos AS photo
WHERE photo.task_id = ANY($1::uuid[])
"""  # noqa: S608 - made of constants

_COUNT_KEYS = """
SELECT count(*) FROM batches WHERE idempotency_key IS NOT NULL AND created_at < $1
"""

_FREE_KEYS = """
WITH expired AS (
    SELECT id FROM batches WHERE idempotency_key IS NOT NULL AND created_at < $1
    ORDER BY created_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
UPDATE batches SET idempotency_key = NULL FROM expired WHERE batches.id = expired.id
"""

# By id, so that no index on the times is needed: ids and times of birth rise together, and what
# was born after the limit cannot have ended before it.
_ENDED_PHOTOS = f"""
SELECT
    photo.id, photo.created_at,
    photo.status <> 'PENDING' AND photo.finished_at < $2 AS expired,
    photo.object_key,
    {rendition_keys_of("photo")} AS rendition_keys
FROM photos AS photo
WHERE photo.id > $1
ORDER BY photo.id
LIMIT $3
"""  # noqa: S608 - made of constants

# Asks again: a retry may have brought one back to life since.
_DELETE_PHOTOS = f"""
WITH gone AS (
    DELETE FROM photos
    WHERE id = ANY($1::bigint[]) AND status <> 'PENDING' AND finished_at < $2
    RETURNING id, object_key
)
SELECT gone.object_key, {rendition_keys_of("gone")} AS rendition_keys FROM gone
"""  # noqa: S608 - made of constants

# Batch ids are UUIDv7: they rise with the time too.
_EMPTY_BATCHES = """
SELECT
    batch.id, batch.created_at,
    batch.created_at < $2 AND NOT EXISTS (
        SELECT FROM photos AS photo
        WHERE photo.batch_id = batch.id
        AND ($3::timestamptz IS NULL OR photo.finished_at IS NULL OR photo.finished_at >= $3)
    ) AS empty
FROM batches AS batch
WHERE batch.id > $1
ORDER BY batch.id
LIMIT $4
"""

_DELETE_BATCHES = """
DELETE FROM batches
WHERE id = ANY($1::uuid[]) AND NOT EXISTS (SELECT FROM photos WHERE batch_id = batches.id)
"""


@dataclass(frozen=True, slots=True)
class OwnedObjects:
    """The objects that the rows of a task name, and whether the task may still make others."""

    pending: bool
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class PhotoPage:
    """Photos in the order of their ids: those that ended before the limit, and where to go on."""

    expired: dict[int, PhotoObjects]
    # The id to go on after; None at the end.
    next_after: int | None


@dataclass(frozen=True, slots=True)
class BatchPage:
    """Batches in the order of their ids: the old ones without photos, and where to go on."""

    empty: tuple[UUID, ...]
    # The id to go on after; None at the end.
    next_after: UUID | None


@asynccontextmanager
async def only_sweep(pool: asyncpg.Pool) -> AsyncIterator[Connection | None]:
    """The connection that holds the lock of the sweep, or None where somebody else holds it.

    Make every query of the sweep on it: a sweep whose connection is lost has lost the lock, and
    ends at its next query. Raises what `photo_records.database_errors` lists.
    """
    async with pool.acquire(timeout=_ACQUIRE_SECONDS) as connection:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
            yield None
            return
        try:
            await connection.execute(_NOTICE_A_LOST_SWEEPER)
            yield connection
        finally:
            # The lock ends with it, and what was set.
            await connection.close(timeout=_ACQUIRE_SECONDS)


async def owned_objects(
    connection: Connection, task_ids: Collection[UUID]
) -> dict[UUID, OwnedObjects]:
    """What the rows of these tasks name; a task without a row is missing in the answer."""
    rows = await connection.fetch(_OWNED, list(task_ids))
    return {row["task_id"]: OwnedObjects(row["pending"], frozenset(row["keys"])) for row in rows}


async def count_expired_keys(connection: Connection, before: datetime) -> int:
    """How many batches that were born before that time still hold their idempotency key."""
    count: int = await connection.fetchval(_COUNT_KEYS, before)
    return count


async def free_expired_keys(connection: Connection, before: datetime, limit: int) -> int:
    """Take the keys of up to `limit` such batches away, for their owners to use again; how many."""
    return _count(await connection.execute(_FREE_KEYS, before, limit))


async def ended_photos(
    connection: Connection, after: int, before: datetime, limit: int
) -> PhotoPage:
    """Look at the `limit` photos whose ids follow `after` for those that ended before that time."""
    rows = await connection.fetch(_ENDED_PHOTOS, after, before, limit)
    is_last = len(rows) < limit or rows[-1]["created_at"] >= before
    return PhotoPage(
        {row["id"]: objects_of(row) for row in rows if row["expired"]},
        None if is_last else rows[-1]["id"],
    )


async def delete_photos(
    connection: Connection, photo_ids: Sequence[int], before: datetime
) -> list[PhotoObjects]:
    """Delete those of the photos that ended before that time; their objects, which nobody names.

    Committed when this returns, unless the caller began a transaction.
    """
    return [objects_of(row) for row in await connection.fetch(_DELETE_PHOTOS, photo_ids, before)]


async def empty_batches(
    connection: Connection,
    after: UUID,
    before: datetime,
    ended_before: datetime | None,
    limit: int,
) -> BatchPage:
    """Look at the `limit` batches whose ids follow `after` for old ones without photos.

    Old is what was born before `before`. Photos that ended before `ended_before` count as gone, so
    that a dry run can tell what a real one will find.
    """
    rows = await connection.fetch(_EMPTY_BATCHES, after, before, ended_before, limit)
    is_last = len(rows) < limit or rows[-1]["created_at"] >= before
    return BatchPage(
        tuple(row["id"] for row in rows if row["empty"]), None if is_last else rows[-1]["id"]
    )


async def delete_batches(connection: Connection, batch_ids: Sequence[UUID]) -> int:
    """Delete those of the batches that have no photo; how many."""
    return _count(await connection.execute(_DELETE_BATCHES, batch_ids))


def _count(command_tag: str) -> int:
    return int(command_tag.rpartition(" ")[2])
