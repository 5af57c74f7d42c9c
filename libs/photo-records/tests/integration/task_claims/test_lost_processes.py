"""What becomes of a task whose process died, stood still or was never heard of again."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import func

from photo_domain.failure import FailureCode
from photo_domain.task_id import new_task_id
from photo_domain.task_state import TaskStatus
from photo_records.task_claims import (
    MAX_RUNS,
    CrashVerdict,
)

from .tasks import HOLDER, OTHER_HOLDER, Tasks


def test_a_crash_gives_the_task_back_at_once_and_the_third_ends_it(tasks: Tasks) -> None:
    task_id, other = tasks.add(2)
    for crashes in (1, 2):
        claimed = tasks.claimed(task_id)
        assert tasks.crash(task_id) is CrashVerdict.GIVEN_BACK
        photo = tasks.photo(task_id)
        assert (photo.status, photo.crashes) == (TaskStatus.PENDING, crashes)
        assert (photo.lease_expires_at, photo.claimed_by, photo.enqueued_at) == (None, None, None)
        assert photo.revision == claimed.revision + 1
        assert tasks.pending(task_id) == 2
        assert not tasks.succeed(claimed)
    tasks.claimed(task_id)
    assert tasks.crash(task_id) is CrashVerdict.ENDED
    photo = tasks.photo(task_id)
    assert (photo.status, photo.error_code) == (TaskStatus.FAILURE, "crashed")
    assert photo.error_message == FailureCode.CRASHED.message
    assert (photo.crashes, photo.attempts, photo.lease_expires_at) == (3, 3, None)
    assert photo.finished_at is not None
    assert tasks.pending(task_id) == 1
    assert tasks.claim(task_id) is None
    assert tasks.photo(other).status == TaskStatus.PENDING


def test_a_time_limit_ends_the_task_of_the_process_that_holds_it(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    claimed = tasks.claimed(task_id)
    assert tasks.time_out(task_id)
    photo = tasks.photo(task_id)
    assert (photo.status, photo.error_code) == (TaskStatus.FAILURE, "timeout")
    assert (photo.crashes, photo.claimed_by) == (0, None)
    assert tasks.pending(task_id) == 0
    assert not tasks.succeed(claimed)


def test_a_task_that_is_given_back_is_free_at_once_and_its_run_is_fenced(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    tasks.change(task_id, enqueued_at=func.now())
    claimed = tasks.claimed(task_id)
    assert tasks.give_back(task_id)
    photo = tasks.photo(task_id)
    assert (photo.status, photo.crashes, photo.attempts) == (TaskStatus.PENDING, 0, 1)
    assert (photo.lease_expires_at, photo.claimed_by, photo.enqueued_at) == (None, None, None)
    assert photo.revision == claimed.revision + 1
    assert not tasks.succeed(claimed)
    assert tasks.claimed(task_id).attempts == 2
    assert tasks.pending(task_id) == 1


@pytest.mark.parametrize("end", [Tasks.time_out, Tasks.crash, Tasks.give_back])
def test_only_the_holder_of_the_claim_is_held_to_account(
    tasks: Tasks, end: Callable[..., object]
) -> None:
    free, held, taken_away, ended = tasks.add(4)
    tasks.claimed(held)
    tasks.claimed(taken_away)
    # As the relay does with an expired lease.
    tasks.change(taken_away, lease_expires_at=None)
    assert tasks.succeed(tasks.claimed(ended))
    for task_id, holder in (
        (free, HOLDER),
        (held, OTHER_HOLDER),
        (taken_away, HOLDER),
        (ended, HOLDER),
        (new_task_id(), HOLDER),
    ):
        assert not end(tasks, task_id, holder)
    assert tasks.pending(free) == 3
    assert {tasks.photo(task_id).crashes for task_id in (free, held, taken_away, ended)} == {0}


@pytest.mark.parametrize("vanish", [Tasks.let_lease_expire, Tasks.give_back])
def test_a_task_whose_runs_vanish_ends_as_crashed_after_twenty(
    tasks: Tasks, vanish: Callable[[Tasks, UUID], object]
) -> None:
    (task_id,) = tasks.add(1)
    for _ in range(MAX_RUNS):
        assert not tasks.exhaust(task_id)
        tasks.claimed(task_id)
        # The twentieth run may still end by itself.
        assert not tasks.exhaust(task_id)
        vanish(tasks, task_id)
    assert tasks.claim(task_id) is None
    assert tasks.exhaust(task_id)
    photo = tasks.photo(task_id)
    assert (photo.status, photo.error_code, photo.crashes) == (TaskStatus.FAILURE, "crashed", 0)
    assert tasks.pending(task_id) == 0
    assert not tasks.exhaust(task_id)
