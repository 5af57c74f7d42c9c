"""The backlog is told by lane and stage, however long it is."""

from collections.abc import Callable

import asyncpg
import pytest

from photo_domain.task_state import TaskStage
from photo_records import backlog
from photo_records.backlog import backlog_of_lanes
from photo_records.registration import NewBatch, insert_batches
from photo_records.task_queue import Lane

MakeBatch = Callable[..., NewBatch]


async def insert(pool: asyncpg.Pool, batch: NewBatch, **columns: str) -> None:
    async with pool.acquire() as connection:
        await insert_batches(connection, [batch])
        for name, sql in columns.items():
            await connection.execute(
                f"UPDATE photos SET {name} = {sql} WHERE batch_id = $1", batch.batch_id
            )


async def test_there_is_none_without_photos(pool: asyncpg.Pool) -> None:
    assert await backlog_of_lanes(pool) == {}


async def test_it_is_told_by_lane_and_stage(pool: asyncpg.Pool, make_batch: MakeBatch) -> None:
    published = {"enqueued_at": "now()"}
    await insert(pool, make_batch(3, lane=Lane.BULK), created_at="now() - interval '1 hour'")
    await insert(pool, make_batch(2, lane=Lane.BULK), **published)
    await insert(
        pool,
        make_batch(1, lane=Lane.BULK),
        **published,
        started_at="now()",
        lease_expires_at="now() + interval '1 minute'",
    )
    await insert(
        pool,
        make_batch(1, lane=Lane.BULK),
        **published,
        next_attempt_at="now() + interval '1 minute'",
    )
    told = await backlog_of_lanes(pool)
    assert set(told) == {Lane.BULK}
    bulk = told[Lane.BULK]
    assert bulk.stages == {
        TaskStage.QUEUED: 5,
        TaskStage.PROCESSING: 1,
        TaskStage.WAITING_TO_RETRY: 1,
    }
    assert bulk.unqueued == 4
    assert 3600 <= bulk.oldest_seconds < 3700


async def test_what_has_ended_is_no_backlog(pool: asyncpg.Pool, make_batch: MakeBatch) -> None:
    await insert(pool, make_batch(2))
    await pool.execute(
        "UPDATE photos SET status = 'FAILURE', finished_at = now(), error_code = 'cancelled',"
        " error_message = ''"
    )
    assert await backlog_of_lanes(pool) == {}


async def test_a_clock_that_was_set_back_makes_no_photo_younger_than_new(
    pool: asyncpg.Pool, make_batch: MakeBatch
) -> None:
    await insert(pool, make_batch(1), created_at="now() + interval '1 minute'")
    (told,) = (await backlog_of_lanes(pool)).values()
    assert told.oldest_seconds == 0


async def test_no_more_are_counted_than_there_may_be_and_each_lane_is_seen_with_the_broker(
    pool: asyncpg.Pool, make_batch: MakeBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "MOST_COUNTED", 4)
    await insert(pool, make_batch(10, lane=Lane.BULK))
    await insert(pool, make_batch(10, lane=Lane.BULK), enqueued_at="now()")
    await insert(pool, make_batch(1, lane=Lane.INTERACTIVE), enqueued_at="now()")
    told = await backlog_of_lanes(pool)
    assert told[Lane.BULK].stages[TaskStage.QUEUED] == 8
    assert told[Lane.BULK].unqueued == 4
    assert told[Lane.INTERACTIVE].stages[TaskStage.QUEUED] == 1


async def test_the_answer_is_one_of_the_indexes(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection, connection.transaction():
        # So few rows are read faster without.
        await connection.execute("SET LOCAL enable_seqscan = off")
        await connection.execute("SET LOCAL enable_sort = off")
        rows = await connection.fetch(f"EXPLAIN {backlog._BACKLOG}", 1000)
    plan = "\n".join(row[0] for row in rows)
    assert plan.count("Index Scan using photos_unqueued_lane_idx") == len(Lane)
    assert plan.count("Index Scan using photos_queued_idx") == len(Lane)
