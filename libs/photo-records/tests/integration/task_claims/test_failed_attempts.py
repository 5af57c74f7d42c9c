"""What is kept of attempts that did not end in SUCCESS."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from photo_domain.failure import FailureCode
from photo_records.failed_attempts import MOST_KEPT
from photo_records.tables import PhotoRecord
from photo_records.task_claims import (
    MAX_RUNS,
    ClaimedTask,
    finish_failure,
    give_back,
)

from .tasks import HOLDER, OTHER_HOLDER, Tasks


def _fail(tasks: Tasks, claim: ClaimedTask) -> object:
    return tasks.fail(claim, FailureCode.CORRUPT_IMAGE)


def _postpone(tasks: Tasks, claim: ClaimedTask) -> object:
    return tasks.postpone(claim, timedelta(0))


def _time_out(tasks: Tasks, claim: ClaimedTask) -> object:
    return tasks.time_out(claim.task_id)


def _crash(tasks: Tasks, claim: ClaimedTask) -> object:
    return tasks.crash(claim.task_id)


def _give_back(tasks: Tasks, claim: ClaimedTask) -> object:
    return tasks.give_back(claim.task_id)


def _take_over(tasks: Tasks, claim: ClaimedTask) -> object:
    tasks.let_lease_expire(claim.task_id)
    return tasks.claim(claim.task_id, OTHER_HOLDER)


@pytest.mark.parametrize(
    ("end", "outcome", "code"),
    [
        (_fail, "failed", "corrupt_image"),
        (_postpone, "postponed", None),
        (_time_out, "timeout", "timeout"),
        (_crash, "crashed", None),
        (_give_back, "vanished", None),
        (_take_over, "vanished", None),
    ],
)
def test_an_attempt_that_did_not_succeed_is_kept_with_who_had_it_and_when(
    tasks: Tasks, end: Callable[[Tasks, ClaimedTask], object], outcome: str, code: str | None
) -> None:
    task_id, other = tasks.add(2)
    claim = tasks.claimed(task_id)
    held = tasks.photo(task_id)
    assert end(tasks, claim)
    [kept] = tasks.failed_attempts(task_id)
    assert (kept.outcome, kept.error_code) == (outcome, code)
    assert (kept.revision, kept.attempt, kept.claimed_by) == (held.revision, 1, HOLDER)
    assert kept.started_at == held.started_at
    assert kept.ended_at > held.started_at
    assert not tasks.failed_attempts(other)


def test_success_keeps_nothing(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    assert tasks.succeed(tasks.claimed(task_id))
    assert not tasks.failed_attempts(task_id)


def test_whoever_lost_the_task_keeps_nothing(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    late = tasks.claimed(task_id)
    tasks.change(task_id, lease_expires_at=None, revision=PhotoRecord.revision + 1)
    for end in (_fail, _postpone, _time_out, _crash, _give_back):
        assert not end(tasks, late)
    assert not tasks.failed_attempts(task_id)


def test_an_attempt_whose_end_rolls_back_is_not_kept(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    claim = tasks.claimed(task_id)
    with tasks.engine.connect() as connection:
        assert finish_failure(connection, claim, FailureCode.INTERNAL)
        connection.rollback()
    assert not tasks.failed_attempts(task_id)


def test_the_attempt_that_used_up_the_runs_has_vanished(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    tasks.claimed(task_id)
    tasks.change(task_id, attempts=MAX_RUNS)
    tasks.let_lease_expire(task_id)
    assert tasks.exhaust(task_id)
    [kept] = tasks.failed_attempts(task_id)
    assert (kept.outcome, kept.attempt, kept.claimed_by) == ("vanished", MAX_RUNS, HOLDER)


def test_a_claim_that_waits_for_the_task_to_be_given_back_notes_no_second_end(
    tasks: Tasks,
) -> None:
    (task_id,) = tasks.add(1)
    tasks.claimed(task_id)
    tasks.let_lease_expire(task_id)
    with ThreadPoolExecutor(1) as thread:
        with tasks.engine.begin() as first:
            assert give_back(first, task_id, HOLDER)
            second = thread.submit(tasks.claim, task_id, OTHER_HOLDER)
            tasks.wait_until_blocked()
        claim = second.result(timeout=30)
    assert claim is not None
    assert claim.attempts == 2
    assert [kept.attempt for kept in tasks.failed_attempts(task_id)] == [1]


def test_only_the_newest_hundred_attempts_of_a_photo_are_kept(tasks: Tasks) -> None:
    task_id, other = tasks.add(2)
    tasks.crash(tasks.claimed(other).task_id)
    for _ in range(MOST_KEPT + 3):
        assert tasks.postpone(tasks.claimed(task_id), timedelta(0))
    kept = tasks.failed_attempts(task_id)
    assert [attempt.attempt for attempt in kept] == list(range(4, MOST_KEPT + 4))
    assert len(tasks.failed_attempts(other)) == 1
