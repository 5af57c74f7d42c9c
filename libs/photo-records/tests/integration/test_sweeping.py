"""What the sweeper asks of the database; its own tests are the ingest service's."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from photo_records.registration import NewBatch, insert_batches
from photo_records.sweeping import (
    delete_batches,
    delete_photos,
    empty_batches,
    ended_photos,
    only_sweep,
)

Make = Callable[..., NewBatch]


async def _fail_all(pool: asyncpg.Pool) -> None:
    await pool.execute(
        "UPDATE photos SET status = 'FAILURE', error_code = 'internal', error_message = 'x',"
        " finished_at = now() - interval '2 days', created_at = now() - interval '2 days'"
    )


async def test_a_photo_that_was_retried_since_it_was_seen_stays(
    pool: asyncpg.Pool, make_batch: Make
) -> None:
    before = datetime.now(UTC) - timedelta(days=1)
    async with only_sweep(pool) as connection:
        assert connection is not None
        await insert_batches(connection, [batch := make_batch(2)])
        await _fail_all(pool)
        page = await ended_photos(connection, 0, before, 10)
        assert len(page.expired) == 2
        await pool.execute(
            "UPDATE photos SET status = 'PENDING', finished_at = NULL, error_code = NULL,"
            " error_message = NULL WHERE task_id = $1",
            batch.photos[0].task_id,
        )
        gone = await delete_photos(connection, list(page.expired), before)
        assert [photo.original_key for photo in gone] == [batch.photos[1].object_key]
        assert await delete_batches(connection, [batch.batch_id]) == 0


async def test_the_walk_ends_where_the_young_begin(pool: asyncpg.Pool, make_batch: Make) -> None:
    before = datetime.now(UTC) - timedelta(days=1)
    async with only_sweep(pool) as connection:
        assert connection is not None
        await insert_batches(connection, [make_batch(2)])
        await _fail_all(pool)
        await insert_batches(connection, [make_batch(3)])
        first = await ended_photos(connection, 0, before, 2)
        assert first.next_after == max(first.expired)
        second = await ended_photos(connection, first.next_after, before, 2)
        assert (second.expired, second.next_after) == ({}, None)
        batches = await empty_batches(connection, UUID(int=0), before, before, 1)
        assert (batches.empty, batches.next_after) == ((), None)


async def test_the_lock_is_free_again_after_the_sweep(pool: asyncpg.Pool) -> None:
    async with only_sweep(pool) as first, only_sweep(pool) as second:
        assert first is not None
        assert second is None
    async with only_sweep(pool) as third:
        assert third is not None
