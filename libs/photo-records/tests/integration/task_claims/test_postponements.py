"""Tasks that trouble outside their file postpones."""

from datetime import timedelta

from sqlalchemy import func

from photo_domain.failure import FailureCode
from photo_domain.task_state import TaskStatus
from photo_records.task_claims import (
    MAX_RUNS,
)

from .tasks import Tasks


def test_a_postponed_task_is_claimed_when_it_is_due_and_not_before(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    claimed = tasks.claimed(task_id)
    assert tasks.postpone(claimed, timedelta(minutes=5))
    waiting = tasks.photo(task_id)
    assert waiting.status == TaskStatus.PENDING
    assert waiting.lease_expires_at is None
    assert waiting.next_attempt_at > waiting.started_at + timedelta(minutes=4)
    assert (waiting.revision, waiting.attempts) == (claimed.revision + 1, 1)
    assert tasks.pending(task_id) == 1
    assert tasks.claim(task_id) is None

    tasks.change(task_id, next_attempt_at=func.now() - timedelta(seconds=1))
    again = tasks.claimed(task_id)
    assert (again.attempts, again.revision) == (2, waiting.revision + 1)
    assert tasks.photo(task_id).next_attempt_at is None


def test_postponed_runs_do_not_use_up_the_twenty(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    for number in range(MAX_RUNS + 2):
        claimed = tasks.claimed(task_id)
        assert claimed.postponements == number
        assert tasks.postpone(claimed, timedelta(0))
    assert not tasks.exhaust(task_id)
    assert tasks.claimed(task_id).attempts == MAX_RUNS + 3


def test_a_claim_tells_for_how_long_the_task_has_been_postponed(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    claimed = tasks.claimed(task_id)
    assert claimed.postponed_for == timedelta(0)
    assert tasks.postpone(claimed, timedelta(0))
    tasks.change(task_id, postponed_since=func.now() - timedelta(hours=30))
    again = tasks.claimed(task_id)
    assert timedelta(hours=30) <= again.postponed_for < timedelta(hours=31)
    # The first trouble counts, not the latest.
    assert tasks.postpone(again, timedelta(0))
    last = tasks.claimed(task_id)
    assert last.postponed_for >= timedelta(hours=30)
    assert tasks.fail(last, FailureCode.STORAGE_UNAVAILABLE)
    assert tasks.photo(task_id).postponed_since is None


def test_what_waited_long_for_its_next_run_was_not_in_trouble_all_that_time(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    long_ago = func.now() - timedelta(hours=30)
    assert tasks.postpone(tasks.claimed(task_id), timedelta(0))
    tasks.change(task_id, postponed_since=long_ago, started_at=long_ago)
    claimed = tasks.claimed(task_id)
    assert claimed.postponed_for == timedelta(0)
    assert claimed.postponements == 1
    assert tasks.postpone(claimed, timedelta(0))
    assert tasks.claimed(task_id).postponed_for < timedelta(hours=1)
