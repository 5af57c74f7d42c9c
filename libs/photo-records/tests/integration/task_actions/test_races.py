"""Two who act on one task at the same moment: one comes first, and both are told the truth."""

import asyncio
from typing import Any

import pytest

from photo_records.task_actions import (
    WrongStatusError,
    cancel_task,
    delete_photo,
    retry_task,
)
from photo_records.task_reads import UnknownTaskError


async def test_a_cancel_that_waits_for_a_finish_comes_too_late(rows: Any, worker: Any) -> None:
    [task_id] = await rows.add()
    claim = worker.claimed(task_id)
    with worker.transaction() as connection:
        assert worker.succeed_in(connection, claim)
        cancelling = asyncio.create_task(cancel_task(rows.pool, task_id, "owner"))
        await rows.wait_for_waiters()
    with pytest.raises(WrongStatusError):
        await cancelling
    assert (await rows.photo(task_id))["status"] == "SUCCESS"
    assert await rows.count("renditions") == 1
    assert await rows.pending() == [0]


async def test_a_finish_that_waits_for_a_cancel_changes_nothing(rows: Any, worker: Any) -> None:
    task_id, _other = await rows.add(2)
    claim = worker.claimed(task_id)
    async with rows.pool.acquire() as connection, connection.transaction():
        await cancel_task(connection, task_id, "owner")
        finishing = asyncio.create_task(asyncio.to_thread(worker.succeed, claim))
        await rows.wait_for_waiters()
    assert not await finishing
    assert (await rows.photo(task_id))["error_code"] == "cancelled"
    assert await rows.count("renditions") == 0
    assert await rows.pending() == [1]


async def test_a_claim_that_waits_for_a_delete_finds_nothing(rows: Any, worker: Any) -> None:
    task_id, _other = await rows.add(2)
    async with rows.pool.acquire() as connection, connection.transaction():
        await delete_photo(connection, task_id, "owner")
        claiming = asyncio.create_task(asyncio.to_thread(worker.claim, task_id))
        await rows.wait_for_waiters()
    assert await claiming is None
    assert await rows.pending() == [1]


async def test_a_delete_that_waits_for_a_claim_takes_the_task_from_its_run(
    rows: Any, worker: Any
) -> None:
    task_id, _other = await rows.add(2)
    with worker.transaction() as connection:
        claim = worker.claim_in(connection, task_id)
        deleting = asyncio.create_task(delete_photo(rows.pool, task_id, "owner"))
        await rows.wait_for_waiters()
    await deleting
    assert not worker.succeed(claim)
    assert await rows.count("photos") == 1
    assert await rows.count("renditions") == 0
    assert await rows.pending() == [1]


async def test_a_delete_that_waits_for_a_finish_counts_no_pending_task_down(
    rows: Any, worker: Any
) -> None:
    task_id, _other = await rows.add(2)
    claim = worker.claimed(task_id)
    with worker.transaction() as connection:
        assert worker.succeed_in(connection, claim)
        deleting = asyncio.create_task(delete_photo(rows.pool, task_id, "owner"))
        await rows.wait_for_waiters()
    await deleting
    assert await rows.count("renditions") == 0
    assert await rows.pending() == [1]


async def test_a_finish_that_waits_for_a_delete_changes_nothing(rows: Any, worker: Any) -> None:
    task_id, _other = await rows.add(2)
    claim = worker.claimed(task_id)
    async with rows.pool.acquire() as connection, connection.transaction():
        await delete_photo(connection, task_id, "owner")
        finishing = asyncio.create_task(asyncio.to_thread(worker.succeed, claim))
        await rows.wait_for_waiters()
    assert not await finishing
    assert await rows.pending() == [1]


async def test_of_many_retries_at_once_one_makes_a_run(rows: Any, worker: Any, errors: Any) -> None:
    [task_id] = await rows.add()
    worker.fail(worker.claimed(task_id))
    revision = (await rows.photo(task_id))["revision"]
    async with rows.pool.acquire() as connection, connection.transaction():
        await retry_task(connection, task_id, "owner")
        others = [asyncio.create_task(retry_task(rows.pool, task_id, "owner")) for _ in range(2)]
        await rows.wait_for_waiters(2)
    outcomes = await asyncio.gather(*others, return_exceptions=True)
    assert errors(outcomes) == [WrongStatusError] * 2
    assert (await rows.photo(task_id))["revision"] == revision + 1
    assert await rows.pending() == [1]


async def test_of_two_deletes_at_once_one_deletes(rows: Any) -> None:
    task_id, _other = await rows.add(2)
    async with rows.pool.acquire() as connection, connection.transaction():
        await delete_photo(connection, task_id, "owner")
        other = asyncio.create_task(delete_photo(rows.pool, task_id, "owner"))
        await rows.wait_for_waiters()
    with pytest.raises(UnknownTaskError):
        await other
    assert await rows.pending() == [1]


@pytest.mark.parametrize("act", [retry_task, cancel_task])
async def test_what_waits_for_a_delete_is_told_that_the_photo_is_gone(rows: Any, act: Any) -> None:
    [task_id] = await rows.add()
    async with rows.pool.acquire() as connection, connection.transaction():
        await delete_photo(connection, task_id, "owner")
        acting = asyncio.create_task(act(rows.pool, task_id, "owner"))
        await rows.wait_for_waiters()
    with pytest.raises(UnknownTaskError):
        await acting


async def test_a_retry_that_waits_for_the_cancel_of_a_run_follows_it(
    rows: Any, worker: Any
) -> None:
    [task_id] = await rows.add()
    claim = worker.claimed(task_id)
    async with rows.pool.acquire() as connection, connection.transaction():
        await cancel_task(connection, task_id, "owner")
        retrying = asyncio.create_task(retry_task(rows.pool, task_id, "owner"))
        await rows.wait_for_waiters()
    await retrying
    after = await rows.photo(task_id)
    assert (after["status"], after["revision"]) == ("PENDING", claim.revision + 2)
    assert (after["finished_at"], after["started_at"], after["lease_expires_at"]) == (None,) * 3
    assert await rows.pending() == [1]


@pytest.mark.parametrize("act", [cancel_task, delete_photo])
async def test_what_waits_for_a_retry_counts_the_task_that_came_back(
    rows: Any, worker: Any, act: Any
) -> None:
    [task_id] = await rows.add()
    worker.fail(worker.claimed(task_id))
    async with rows.pool.acquire() as connection, connection.transaction():
        await retry_task(connection, task_id, "owner")
        acting = asyncio.create_task(act(rows.pool, task_id, "owner"))
        await rows.wait_for_waiters()
    await acting
    assert await rows.pending() == [0]


async def test_an_old_message_of_a_retried_task_runs_it_once(rows: Any, worker: Any) -> None:
    [task_id] = await rows.add()
    worker.fail(worker.claimed(task_id))
    await retry_task(rows.pool, task_id, "owner")
    claim = worker.claimed(task_id)  # the old message
    assert worker.claim(task_id) is None  # the new one
    assert worker.succeed(claim)
    assert worker.claim(task_id) is None


async def test_whatever_meets_on_the_photos_of_one_batch_nobody_deadlocks(
    rows: Any, worker: Any, errors: Any
) -> None:
    task_ids = await rows.add(20)

    async def work(task_id: Any) -> bool:
        claim = await asyncio.to_thread(worker.claim, task_id)
        return claim is not None and await asyncio.to_thread(worker.succeed, claim)

    steps = [
        step
        for task_id in task_ids
        for step in (
            work(task_id),
            cancel_task(rows.pool, task_id, "owner"),
            retry_task(rows.pool, task_id, None),
            delete_photo(rows.pool, task_id, "owner"),
        )
    ]
    async with asyncio.timeout(60):
        outcomes = await asyncio.gather(*steps, return_exceptions=True)
    assert {*errors(outcomes)} <= {None, WrongStatusError, UnknownTaskError}
    assert await rows.count("photos") == 0
    assert await rows.pending() == [0]
