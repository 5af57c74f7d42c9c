"""Watchers find what changed by its time: every transition has to leave one."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from photo_records.outbox import mark_republished
from photo_records.registration import mark_enqueued
from photo_records.task_actions import cancel_task, retry_task
from photo_records.task_claims import (
    MAX_RUNS,
    count_crash,
    end_exhausted,
    end_timed_out,
    give_back,
    postpone,
)

# Who claims in these tests.
HOLDER = "worker:1"
# What is done with the rows, the worker, the task and the claim on it, if it is held.
Step = Callable[[Any, Any, UUID, Any], Awaitable[object]]


def _in_worker(act: Callable[[Any, UUID], object]) -> Step:
    """A statement of the worker."""

    async def step(rows: Any, worker: Any, task_id: UUID, claim: Any) -> object:
        with worker.transaction() as connection:
            return act(connection, task_id)

    return step


async def _claim(rows: Any, worker: Any, task_id: UUID, claim: Any) -> object:
    return worker.claim(task_id)


async def _succeed(rows: Any, worker: Any, task_id: UUID, claim: Any) -> object:
    return worker.succeed(claim)


async def _fail(rows: Any, worker: Any, task_id: UUID, claim: Any) -> object:
    return worker.fail(claim)


async def _postpone(rows: Any, worker: Any, task_id: UUID, claim: Any) -> object:
    with worker.transaction() as connection:
        return postpone(connection, claim, timedelta(minutes=5))


async def _retry(rows: Any, worker: Any, task_id: UUID, claim: Any) -> object:
    return await retry_task(rows.pool, task_id, "owner")


async def _cancel(rows: Any, worker: Any, task_id: UUID, claim: Any) -> object:
    await cancel_task(rows.pool, task_id, "owner")
    return True


async def _republish(rows: Any, worker: Any, task_id: UUID, claim: Any) -> object:
    photo = await rows.photo(task_id)
    async with rows.pool.acquire() as connection:
        await mark_republished(connection, [photo["id"]])
    return True


async def _enqueue(rows: Any, worker: Any, task_id: UUID, claim: Any) -> object:
    await mark_enqueued(rows.pool, [task_id])
    return True


_POSTPONED = "next_attempt_at = now(), started_at = now()"
_FAILED = "status = 'FAILURE', finished_at = now(), error_code = 'crashed', error_message = 'x'"

TRANSITIONS: dict[str, tuple[bool, str | None, Step]] = {
    "claim": (False, None, _claim),
    "success": (True, None, _succeed),
    "failure": (True, None, _fail),
    "postponement": (True, None, _postpone),
    "time limit": (True, None, _in_worker(lambda c, task_id: end_timed_out(c, task_id, HOLDER))),
    "giving back": (True, None, _in_worker(lambda c, task_id: give_back(c, task_id, HOLDER))),
    "crash": (True, None, _in_worker(lambda c, task_id: count_crash(c, task_id, HOLDER))),
    "last crash": (
        True,
        "crashes = 2",
        _in_worker(lambda c, task_id: count_crash(c, task_id, HOLDER)),
    ),
    "last run": (False, f"attempts = {MAX_RUNS}", _in_worker(end_exhausted)),
    "lease that ran out": (True, "lease_expires_at = now()", _republish),
    "attempt that is due": (False, _POSTPONED, _republish),
    "retry": (False, _FAILED, _retry),
    "cancelling": (True, None, _cancel),
}
NO_TRANSITIONS: dict[str, tuple[bool, str | None, Step]] = {
    "publishing": (False, None, _enqueue),
    "publishing again": (False, "enqueued_at = now()", _republish),
}


async def _walk(rows: Any, worker: Any, case: tuple[bool, str | None, Step]) -> tuple[Any, Any]:
    is_held, setup, step = case
    [task_id] = await rows.add()
    claim = worker.claimed(task_id) if is_held else None
    if setup:
        await rows.change(task_id, setup)
    before = await rows.photo(task_id)
    assert await step(rows, worker, task_id, claim)
    return before, await rows.photo(task_id)


@pytest.mark.parametrize("name", TRANSITIONS)
async def test_a_transition_bumps_the_revision_and_its_time(
    rows: Any, worker: Any, name: str
) -> None:
    before, after = await _walk(rows, worker, TRANSITIONS[name])
    assert after["revision"] == before["revision"] + 1
    assert after["changed_at"] > before["changed_at"]


@pytest.mark.parametrize("name", NO_TRANSITIONS)
async def test_what_is_no_transition_bumps_neither(rows: Any, worker: Any, name: str) -> None:
    before, after = await _walk(rows, worker, NO_TRANSITIONS[name])
    assert (after["revision"], after["changed_at"]) == (before["revision"], before["changed_at"])


async def test_a_photo_changed_when_it_was_born(rows: Any) -> None:
    [task_id] = await rows.add()
    photo = await rows.photo(task_id)
    assert photo["changed_at"] == photo["created_at"]
