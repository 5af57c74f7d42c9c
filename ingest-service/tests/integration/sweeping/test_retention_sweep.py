"""Photos go when they were kept long enough, and idempotency keys after a day."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from ingest_service import empty_batch_sweep, retention_sweep
from ingest_service.sweep_counts import SweepCounts
from ingest_service.sweeper import Sweeper


@pytest.fixture
def keeps_ten_days(
    open_sweeper: Callable[..., Sweeper], monkeypatch: pytest.MonkeyPatch
) -> Sweeper:
    for module in (retention_sweep, empty_batch_sweep):
        monkeypatch.setattr(module, "_PAGE_ROWS", 2)
    return open_sweeper(retention=timedelta(days=10))


async def rows(pool: asyncpg.Pool) -> tuple[int, int, int]:
    """How many batches, photos and renditions there are."""
    counts = [
        await pool.fetchval(f"SELECT count(*) FROM {table}")
        for table in ("batches", "photos", "renditions")
    ]
    return counts[0], counts[1], counts[2]


@pytest.mark.parametrize(("status", "renditions"), [("SUCCESS", 5), ("FAILURE", 0)])
async def test_ended_photos_go_with_their_objects_and_batches(
    keeps_ten_days: Sweeper, past: Any, pool: asyncpg.Pool, status: str, renditions: int
) -> None:
    await past.photo(241, status, files=5)
    expired = past.keys()
    await past.photo(239, "SUCCESS", files=2)
    await past.photo(24, "SUCCESS")
    there = past.keys()

    told = await keeps_ten_days.sweep(dry_run=True)
    assert past.keys() == there
    assert (await rows(pool))[1] == 8
    counts = await keeps_ten_days.sweep(dry_run=False)

    assert (
        counts
        == told
        == SweepCounts(
            expired_photos=5,
            expired_originals=5,
            expired_renditions=renditions,
            empty_batches=1,
            freed_keys=counts.freed_keys,
        )
    )
    assert past.keys() == there - expired
    assert await rows(pool) == (2, 3, 3)
    assert await keeps_ten_days.sweep(dry_run=False) == SweepCounts()


async def test_without_a_retention_photos_are_kept_for_ever(
    sweeper: Sweeper, past: Any, pool: asyncpg.Pool
) -> None:
    await past.photo(100_000, "SUCCESS")
    there = past.keys()
    await sweeper.sweep(dry_run=False)
    assert past.keys() == there
    assert await rows(pool) == (1, 1, 1)


async def test_a_pending_photo_never_expires_and_keeps_its_batch(
    keeps_ten_days: Sweeper, past: Any, pool: asyncpg.Pool
) -> None:
    batch = await past.photo(500, "SUCCESS", files=5)
    await past.photo(400, "SUCCESS")
    waiting = batch.photos[2]
    await pool.execute(
        "UPDATE photos SET status = 'PENDING', finished_at = NULL, format = NULL, width = NULL,"
        " height = NULL, random_number = NULL, processing_time = NULL WHERE task_id = $1",
        waiting.task_id,
    )
    counts = await keeps_ten_days.sweep(dry_run=False)
    assert (counts.expired_photos, counts.empty_batches) == (5, 1)
    assert await rows(pool) == (1, 1, 1)
    assert past.keys() >= {waiting.object_key}


async def test_a_photo_that_ended_late_is_kept_from_its_end_on(
    keeps_ten_days: Sweeper, past: Any, pool: asyncpg.Pool
) -> None:
    await past.photo(500, "FAILURE", files=3)
    await pool.execute("UPDATE photos SET finished_at = now() - interval '1 day'")
    there = past.keys()
    told = await keeps_ten_days.sweep(dry_run=True)
    counts = await keeps_ten_days.sweep(dry_run=False)
    assert counts == told == SweepCounts(freed_keys=1)
    assert past.keys() == there


@pytest.mark.parametrize("retention", [None, timedelta(days=10)])
async def test_a_batch_whose_photos_were_deleted_goes_when_its_key_expires(
    open_sweeper: Callable[..., Sweeper],
    past: Any,
    pool: asyncpg.Pool,
    monkeypatch: pytest.MonkeyPatch,
    retention: timedelta | None,
) -> None:
    monkeypatch.setattr(empty_batch_sweep, "_PAGE_ROWS", 2)
    sweeper = open_sweeper(retention=retention)
    for hours in (500, 400, 300, 30, 23):
        await past.photo(hours, "SUCCESS")
    kept = await past.photo(25, "SUCCESS")
    await pool.execute("DELETE FROM photos WHERE batch_id <> $1", kept.batch_id)
    told = await sweeper.sweep(dry_run=True)
    assert await rows(pool) == (6, 1, 1)
    counts = await sweeper.sweep(dry_run=False)
    assert counts.empty_batches == told.empty_batches == 4
    assert await rows(pool) == (2, 1, 1)
    assert (await sweeper.sweep(dry_run=False)).empty_batches == 0


async def test_a_pending_photo_keeps_its_batch_without_a_retention_too(
    sweeper: Sweeper, past: Any, pool: asyncpg.Pool
) -> None:
    await past.photo(500, "PENDING")
    await past.photo(500, "FAILURE")
    assert (await sweeper.sweep(dry_run=False)).empty_batches == 0
    assert await rows(pool) == (2, 2, 0)


async def test_a_key_is_free_after_a_day_and_can_be_used_again(
    sweeper: Sweeper, past: Any, register: Any, claims: Any
) -> None:
    first = await past.photo(25, "SUCCESS", key="mine")
    counts = await sweeper.sweep(dry_run=False)
    assert counts == SweepCounts(freed_keys=1)
    again = await register(claims.batch(2, idempotency_key="mine"))
    assert again.batch_id != first.batch_id
    assert len(again.photos) == 2


async def test_many_freed_keys_of_one_owner_lie_side_by_side(
    sweeper: Sweeper, past: Any, pool: asyncpg.Pool
) -> None:
    for _ in range(3):
        await past.photo(25, "SUCCESS")
    assert await sweeper.sweep(dry_run=False) == SweepCounts(freed_keys=3)
    assert await pool.fetchval("SELECT count(*) FROM batches WHERE idempotency_key IS NULL") == 3


async def test_a_key_holds_for_a_day(
    sweeper: Sweeper, register: Any, claims: Any, pool: asyncpg.Pool
) -> None:
    claim = claims.batch(1)
    first = await register(claim)
    await pool.execute("UPDATE batches SET created_at = now() - interval '23 hours 59 minutes'")
    assert await sweeper.sweep(dry_run=False) == SweepCounts()
    assert (await register(claim)).batch_id == first.batch_id
