"""Sweeps that meet each other, or lose the storage or the database in the middle."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
import structlog
from prometheus_client import REGISTRY

from ingest_service import sweeper as sweeper_module
from ingest_service.sweep_counts import SweepCounts
from ingest_service.sweeper import Sweeper, SweepInterruptedError
from photo_records.asyncpg_pool import open_pool
from photo_records.sweeping import only_sweep

Open = Callable[..., Sweeper]


@pytest.fixture
async def line(database_url: str, open_proxy: Any) -> Any:
    """A line to the database that tests can freeze and cut."""
    parts = urlsplit(database_url)
    return await open_proxy(parts.hostname, parts.port)


@pytest.fixture
async def pool_by_line(database_url: str, line: Any) -> AsyncIterator[asyncpg.Pool]:
    pool = await asyncpg.create_pool(
        line.url(database_url), min_size=0, max_size=2, timeout=5, command_timeout=1
    )
    yield pool
    pool.terminate()


async def test_of_two_sweeps_at_once_the_second_does_nothing(
    open_sweeper: Open, past: Any, pausing_deleter: Any, database_url: str
) -> None:
    await past.original(49)
    first = asyncio.create_task(open_sweeper(deleter=pausing_deleter).sweep(dry_run=False))
    await asyncio.wait_for(pausing_deleter.reached.wait(), 20)
    other_replica = await open_pool(database_url, 1)

    assert await open_sweeper(used=other_replica).sweep(dry_run=False) is None
    assert len(past.keys()) == 1

    pausing_deleter.go_on.set()
    assert await first == SweepCounts(orphan_originals=1)
    assert await open_sweeper(used=other_replica).sweep(dry_run=False) == SweepCounts()
    await other_replica.close()


async def test_the_lock_goes_with_the_connection_of_its_holder(
    open_sweeper: Open, past: Any, pausing_deleter: Any, pool: asyncpg.Pool
) -> None:
    for _ in range(3):
        await past.original(49)
    first = asyncio.create_task(open_sweeper(deleter=pausing_deleter).sweep(dry_run=False))
    await asyncio.wait_for(pausing_deleter.reached.wait(), 20)
    await pool.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks"
        " WHERE locktype = 'advisory'"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    async with only_sweep(pool) as connection:
        assert connection is not None
    pausing_deleter.go_on.set()
    with pytest.raises(SweepInterruptedError):
        await first
    await open_sweeper().sweep(dry_run=False)
    assert past.keys() == set()


async def test_a_cancelled_sweep_gives_the_lock_back(
    open_sweeper: Open, past: Any, pausing_deleter: Any
) -> None:
    await past.original(49)
    first = asyncio.create_task(open_sweeper(deleter=pausing_deleter).sweep(dry_run=False))
    await asyncio.wait_for(pausing_deleter.reached.wait(), 20)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await open_sweeper().sweep(dry_run=False) == SweepCounts(orphan_originals=1)


async def test_a_storage_that_goes_away_ends_the_sweep_and_the_next_one_finishes(
    open_sweeper: Open, past: Any, pausing_deleter: Any
) -> None:
    for _ in range(5):
        await past.original(49)
    first = asyncio.create_task(open_sweeper(deleter=pausing_deleter).sweep(dry_run=False))
    await asyncio.wait_for(pausing_deleter.reached.wait(), 20)
    past.unmount()
    pausing_deleter.go_on.set()
    with pytest.raises(SweepInterruptedError):
        await first
    with pytest.raises(SweepInterruptedError):  # an unmounted volume is not an empty one
        await open_sweeper().sweep(dry_run=True)
    past.mount()
    assert await open_sweeper().sweep(dry_run=False) == SweepCounts(orphan_originals=5)
    assert past.keys() == set()


async def test_objects_of_expired_photos_that_storage_kept_go_as_orphans(
    open_sweeper: Open, past: Any, pausing_deleter: Any, pool: asyncpg.Pool
) -> None:
    await past.photo(500, "SUCCESS", files=3)
    keeping = open_sweeper(deleter=pausing_deleter, retention=timedelta(days=10), page_size=100)
    first = asyncio.create_task(keeping.sweep(dry_run=False))
    await asyncio.wait_for(pausing_deleter.reached.wait(), 20)
    assert await pool.fetchval("SELECT count(*) FROM photos") == 0
    past.unmount()
    pausing_deleter.go_on.set()
    with pytest.raises(SweepInterruptedError) as caught:
        await first
    assert caught.value.counts.expired_photos == 3
    past.mount()
    counts = await open_sweeper(retention=timedelta(days=10)).sweep(dry_run=False)
    assert counts == SweepCounts(orphan_originals=3, orphan_renditions=3, empty_batches=1)
    assert past.keys() == set()


@pytest.mark.parametrize("fault", ["cut", "frozen", "down"])
async def test_a_database_that_goes_away_ends_the_sweep_and_the_next_one_finishes(
    open_sweeper: Open,
    past: Any,
    pausing_deleter: Any,
    line: Any,
    pool_by_line: asyncpg.Pool,
    eventually: Any,
    fault: str,
) -> None:
    for _ in range(5):
        await past.original(49)
    sweeping = open_sweeper(used=pool_by_line, deleter=pausing_deleter)
    first = asyncio.create_task(sweeping.sweep(dry_run=False))
    await asyncio.wait_for(pausing_deleter.reached.wait(), 20)
    match fault:
        case "cut":
            line.cut(b"", times=1)
        case "frozen":
            line.freeze()
        case "down":
            await line.close()
    pausing_deleter.go_on.set()
    with pytest.raises(SweepInterruptedError) as caught:
        await asyncio.wait_for(first, 30)
    assert caught.value.counts.orphan_originals == 2
    line.thaw()
    pool_by_line.terminate()
    counts = await eventually(lambda: open_sweeper().sweep(dry_run=False))
    assert counts == SweepCounts(orphan_originals=3)
    assert past.keys() == set()


async def test_the_service_sweeps_again_and_again_through_every_fault(
    open_sweeper: Open,
    past: Any,
    eventually: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sweeper_module, "_INTERVAL_SECONDS", 0.02)
    await past.put("originals/start-check", 0)
    past.unmount()
    with structlog.testing.capture_logs() as logs:
        running = asyncio.create_task(open_sweeper().run())
        await eventually(lambda: [log for log in logs if log["event"] == "sweep_interrupted"])
    past.mount()
    for _ in range(2):
        await past.original(49)
        await eventually(lambda: past.keys() == {"originals/start-check"})
    await eventually(lambda: REGISTRY.get_sample_value("photo_last_sweep_timestamp_seconds"))
    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
