"""Retrying, cancelling and deleting, one at a time."""

from typing import Any

import pytest

from photo_domain.failure import FailureCode
from photo_domain.task_id import new_task_id
from photo_domain.task_state import TaskStatus
from photo_records.task_actions import (
    WrongStatusError,
    cancel_task,
    delete_photo,
    retry_task,
)
from photo_records.task_queue import Lane
from photo_records.task_reads import UnknownTaskError

# A task that has been through everything.
WORN = (
    "attempts = 7, crashes = 2, postponements = 4, postponed_since = now(), enqueued_at = now(),"
    " started_at = now(), revision = 20"
)
FAILED = "status = 'FAILURE', finished_at = now(), error_code = 'crashed', error_message = 'x'"


async def fail(rows: Any, worker: Any, task_id: Any) -> None:
    assert worker.fail(worker.claimed(task_id))


async def test_a_failed_task_is_retried_as_a_new_run(rows: Any, worker: Any) -> None:
    task_id, other = await rows.add(2)
    await fail(rows, worker, task_id)
    await rows.change(task_id, f"{WORN}, {FAILED}")
    before = await rows.photo(task_id)
    assert await rows.pending() == [1]
    published = await retry_task(rows.pool, task_id, "owner")
    after = await rows.photo(task_id)
    assert (published.photo_id, published.task_id) == (after["id"], task_id)
    assert (published.batch_id, published.lane) == (after["batch_id"], Lane.INTERACTIVE)
    assert (after["status"], after["revision"]) == ("PENDING", 21)
    assert (after["attempts"], after["crashes"], after["postponements"]) == (0, 0, 0)
    emptied = (
        "postponed_since enqueued_at next_attempt_at started_at lease_expires_at finished_at"
        " error_code error_message"
    )
    assert {after[name] for name in emptied.split()} == {None}
    kept = "id owner file_name content_type size sha256 object_key position lane created_at"
    assert {name: after[name] for name in kept.split()} == {
        name: before[name] for name in kept.split()
    }
    assert await rows.pending() == [2]
    assert (await rows.photo(other))["revision"] == 1


async def test_a_retried_task_can_be_claimed_and_succeed(rows: Any, worker: Any) -> None:
    [task_id] = await rows.add()
    await fail(rows, worker, task_id)
    await retry_task(rows.pool, task_id, "owner")
    claim = worker.claimed(task_id)
    assert claim.attempts == 1
    assert worker.succeed(claim)
    assert (await rows.photo(task_id))["status"] == "SUCCESS"
    assert await rows.pending() == [0]


async def test_a_retry_stays_in_the_trace_of_the_upload_or_brings_its_own(
    rows: Any, worker: Any
) -> None:
    [task_id] = await rows.add()
    for asked, kept in ((None, None), ("of a retry", "of a retry"), ("another", "of a retry")):
        await fail(rows, worker, task_id)
        published = await retry_task(rows.pool, task_id, "owner", asked)
        assert published.traceparent == kept
        assert (await rows.photo(task_id))["traceparent"] == kept


async def test_the_revision_never_comes_back_so_that_an_old_run_stays_fenced(
    rows: Any, worker: Any
) -> None:
    [task_id] = await rows.add()
    old = worker.claimed(task_id)
    await cancel_task(rows.pool, task_id, "owner")
    await retry_task(rows.pool, task_id, "owner")
    new = worker.claimed(task_id)
    assert new.revision > old.revision
    assert not worker.succeed(old)
    assert worker.succeed(new)


@pytest.mark.parametrize("status", [TaskStatus.PENDING, TaskStatus.SUCCESS])
async def test_only_a_failed_task_can_be_retried(
    rows: Any, worker: Any, status: TaskStatus
) -> None:
    [task_id] = await rows.add()
    if status is TaskStatus.SUCCESS:
        worker.succeed(worker.claimed(task_id))
    before = await rows.photo(task_id), await rows.pending()
    with pytest.raises(WrongStatusError) as caught:
        await retry_task(rows.pool, task_id, "owner")
    assert caught.value.status is status
    assert (await rows.photo(task_id), await rows.pending()) == before


@pytest.mark.parametrize(
    "columns",
    [
        "enqueued_at = now()",
        "lease_expires_at = now(), started_at = now(), claimed_by = 'w', attempts = 3",
        "next_attempt_at = now(), postponed_since = now(), postponements = 2",
    ],
    ids=["queued", "leased", "postponed"],
)
async def test_a_pending_task_is_cancelled_wherever_it_stands(rows: Any, columns: str) -> None:
    task_id, _other = await rows.add(2)
    await rows.change(task_id, columns)
    await cancel_task(rows.pool, task_id, "owner")
    after = await rows.photo(task_id)
    assert (after["status"], after["error_code"]) == ("FAILURE", "cancelled")
    assert after["error_message"] == FailureCode.CANCELLED.message
    assert after["finished_at"] is not None
    assert after["revision"] == 2
    emptied = "lease_expires_at claimed_by postponed_since next_attempt_at"
    assert {after[name] for name in emptied.split()} == {None}
    assert await rows.pending() == [1]


@pytest.mark.parametrize("status", [TaskStatus.FAILURE, TaskStatus.SUCCESS])
async def test_a_task_that_ended_cannot_be_cancelled(
    rows: Any, worker: Any, status: TaskStatus
) -> None:
    [task_id] = await rows.add()
    claim = worker.claimed(task_id)
    assert worker.succeed(claim) if status is TaskStatus.SUCCESS else worker.fail(claim)
    before = await rows.photo(task_id), await rows.pending()
    with pytest.raises(WrongStatusError) as caught:
        await cancel_task(rows.pool, task_id, "owner")
    assert caught.value.status is status
    assert (await rows.photo(task_id), await rows.pending()) == before


@pytest.mark.parametrize("status", list(TaskStatus))
async def test_a_photo_is_deleted_in_every_state_with_its_renditions(
    rows: Any, worker: Any, status: TaskStatus
) -> None:
    task_id, _other = await rows.add(2)
    key = (await rows.photo(task_id))["object_key"]
    if status is not TaskStatus.PENDING:
        claim = worker.claimed(task_id)
        assert worker.succeed(claim) if status is TaskStatus.SUCCESS else worker.fail(claim)
    gone = await delete_photo(rows.pool, task_id, "owner")
    assert gone.objects.original_key == key
    assert gone.objects.rendition_keys == (
        ("renditions/thumbnail",) if status is TaskStatus.SUCCESS else ()
    )
    assert await rows.count("photos") == 1
    assert await rows.count("renditions") == 0
    assert await rows.pending() == [1]


async def test_the_last_photo_of_a_batch_leaves_the_batch_behind_for_its_key(rows: Any) -> None:
    [task_id] = await rows.add()
    await delete_photo(rows.pool, task_id, "owner")
    assert await rows.pending() == [0]


@pytest.mark.parametrize("act", [retry_task, cancel_task, delete_photo])
async def test_the_photo_of_somebody_else_is_unknown_like_one_that_is_not_there(
    rows: Any, worker: Any, act: Any
) -> None:
    mine, failed = await rows.add(2)
    await fail(rows, worker, failed)
    for task_id in (mine, failed):
        before = await rows.photo(task_id)
        for owner in ("somebody", "", "OWNER"):
            with pytest.raises(UnknownTaskError):
                await act(rows.pool, task_id, owner)
        assert await rows.photo(task_id) == before
    for owner in ("owner", None):
        with pytest.raises(UnknownTaskError):
            await act(rows.pool, new_task_id(), owner)


async def test_an_operator_acts_on_every_photo(rows: Any) -> None:
    [task_id] = await rows.add(owner="somebody")
    await cancel_task(rows.pool, task_id, None)
    await retry_task(rows.pool, task_id, None)
    await delete_photo(rows.pool, task_id, None)
    assert await rows.count("photos") == 0


async def test_each_is_one_transaction(rows: Any) -> None:
    [task_id] = await rows.add()
    for act in (cancel_task, retry_task, delete_photo):
        async with rows.pool.acquire() as connection:
            before = await connection.fetchval("SELECT pg_current_xact_id()::text::bigint")
            await act(connection, task_id, "owner")
            after = await connection.fetchval("SELECT pg_current_xact_id()::text::bigint")
            assert after - before == 2  # its own and the question's
