"""The relay reads what is due out of an index that holds nothing else."""

from datetime import UTC, datetime

import asyncpg
import pytest

from photo_records import outbox
from photo_records.outbox import RepublishReason
from photo_records.task_queue import Lane


async def planned(pool: asyncpg.Pool, statement: str, *values: object) -> str:
    async with pool.acquire() as connection, connection.transaction():
        # So few rows are read faster without an index, and sorted faster than they are looked up.
        for way in ("seqscan", "bitmapscan", "sort"):
            await connection.execute(f"SET LOCAL enable_{way} = off")
        rows = await connection.fetch(f"EXPLAIN {statement}", 500, *values)
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize(
    ("reason", "index", "values"),
    [
        (RepublishReason.NEVER_QUEUED, "photos_unqueued_lane_idx", [Lane.BULK]),
        (RepublishReason.ATTEMPT_DUE, "photos_postponed_idx", []),
        (RepublishReason.LEASE_EXPIRED, "photos_leased_idx", []),
    ],
)
async def test_what_is_due_comes_in_the_order_of_its_own_index(
    pool: asyncpg.Pool, reason: RepublishReason, index: str, values: list[object]
) -> None:
    plan = await planned(pool, outbox._TAKE[reason], *values)
    assert f"Index Scan using {index} on photos" in plan


async def test_what_waits_in_a_paused_lane_is_not_read(pool: asyncpg.Pool) -> None:
    plan = await planned(pool, outbox._TAKE[RepublishReason.NEVER_QUEUED], Lane.BULK)
    # Asked before the first row is read.
    assert "One-Time Filter" in plan


async def test_what_a_broker_forgot_comes_in_the_order_of_its_own_index(pool: asyncpg.Pool) -> None:
    assert "Index Scan using photos_queued_idx on photos" in await planned(pool, outbox._FORGET)


async def test_what_a_lane_has_passed_is_looked_up_without_reading_the_lane(
    pool: asyncpg.Pool,
) -> None:
    statement = outbox._TAKE[RepublishReason.MESSAGE_LOST]
    plan = await planned(pool, statement, Lane.BULK, datetime.now(UTC))
    assert "Index Scan using photos_queued_idx on photos" in plan
    assert "Index Cond: ((lane = 'bulk'::text) AND (enqueued_at < " in plan
