"""What is kept of an attempt that a person or the relay ended."""

from typing import Any

from photo_records.outbox import mark_republished
from photo_records.task_actions import cancel_task, delete_photo, retry_task


async def _attempts(rows: Any) -> list[Any]:
    return await rows.pool.fetch("SELECT * FROM failed_attempts ORDER BY photo_id, revision")


async def test_a_cancel_ends_the_attempt_that_is_under_way(rows: Any, worker: Any) -> None:
    [task_id] = await rows.add()
    claim = worker.claimed(task_id)
    held = await rows.photo(task_id)
    await cancel_task(rows.pool, task_id, "owner")
    [kept] = await _attempts(rows)
    assert (kept["outcome"], kept["error_code"]) == ("cancelled", "cancelled")
    assert (kept["revision"], kept["attempt"]) == (claim.revision, 1)
    assert (kept["claimed_by"], kept["started_at"]) == (held["claimed_by"], held["started_at"])
    assert kept["ended_at"] > kept["started_at"]


async def test_what_nobody_works_on_is_cancelled_without_an_attempt(rows: Any) -> None:
    [task_id] = await rows.add()
    await cancel_task(rows.pool, task_id, "owner")
    assert not await _attempts(rows)


async def test_the_relay_keeps_the_attempts_whose_leases_ran_out_and_no_others(
    rows: Any, worker: Any
) -> None:
    gone, other, waiting = await rows.add(3)
    for task_id in (gone, other):
        worker.claimed(task_id)
        await rows.change(task_id, "lease_expires_at = now() - interval '1 second'")
    ids = [(await rows.photo(task_id))["id"] for task_id in (gone, other, waiting)]
    async with rows.pool.acquire() as connection, connection.transaction():
        await mark_republished(connection, ids)
    kept = await _attempts(rows)
    assert [row["photo_id"] for row in kept] == ids[:2]
    assert {(row["outcome"], row["attempt"], row["claimed_by"]) for row in kept} == {
        ("vanished", 1, "worker:1")
    }
    assert {(await rows.photo(task_id))["revision"] - 1 for task_id in (gone, other)} == {
        row["revision"] for row in kept
    }


async def test_a_retry_keeps_the_attempts_of_the_run_before(rows: Any, worker: Any) -> None:
    [task_id] = await rows.add()
    for _ in range(2):
        assert worker.fail(worker.claimed(task_id))
        await retry_task(rows.pool, task_id, "owner")
    kept = await _attempts(rows)
    assert [row["attempt"] for row in kept] == [1, 1]
    assert kept[1]["revision"] - kept[0]["revision"] == 3


async def test_the_attempts_go_with_their_photo(rows: Any, worker: Any) -> None:
    [task_id] = await rows.add()
    assert worker.fail(worker.claimed(task_id))
    await delete_photo(rows.pool, task_id, "owner")
    assert not await _attempts(rows)
