"""Claims and their fences, with two connections at a time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import event, func, update

from photo_domain.failure import FailureCode
from photo_domain.task_id import new_task_id
from photo_domain.task_state import TaskStatus
from photo_records.tables import PhotoRecord
from photo_records.task_claims import claim_task
from photo_records.task_queue import Lane

from .tasks import HOLDER, LEASE, OTHER_HOLDER, Tasks


def test_a_claim_leases_the_task_and_counts_the_attempt(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    before = tasks.photo(task_id)
    claimed = tasks.claimed(task_id)
    after = tasks.photo(task_id)
    assert claimed.photo_id == after.id
    assert claimed.task_id == task_id
    assert claimed.object_key == after.object_key
    assert (claimed.size, claimed.sha256, claimed.content_type) == (3, bytes(32), "image/jpeg")
    assert claimed.revision == after.revision == before.revision + 1
    assert claimed.attempts == after.attempts == 1
    assert after.status == TaskStatus.PENDING
    assert after.lease_expires_at - after.started_at == LEASE


def test_a_claim_tells_how_old_its_task_is_and_whether_somebody_retried_it(tasks: Tasks) -> None:
    first, again = tasks.add(2)
    with tasks.engine.begin() as connection:
        connection.execute(
            update(PhotoRecord).values(created_at=func.now() - timedelta(minutes=10))
        )
        # What a retry leaves: `task_actions`.
        connection.execute(
            update(PhotoRecord).where(PhotoRecord.task_id == again).values(revision=4)
        )
    claim = tasks.claimed(first)
    assert claim.lane is Lane.INTERACTIVE
    assert timedelta(minutes=10) <= claim.age < timedelta(minutes=11)
    assert not claim.was_retried
    assert tasks.claimed(again).was_retried


def test_an_unknown_task_cannot_be_claimed(tasks: Tasks) -> None:
    assert tasks.claim(new_task_id()) is None


def test_a_leased_task_cannot_be_claimed(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    tasks.claimed(task_id)
    leased = tasks.photo(task_id)
    assert tasks.claim(task_id) is None
    assert tasks.photo(task_id) == leased


def test_an_ended_task_cannot_be_claimed(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    claimed = tasks.claimed(task_id)
    assert tasks.fail(claimed, FailureCode.CORRUPT_IMAGE)
    ended = tasks.photo(task_id)
    assert tasks.claim(task_id) is None
    assert tasks.photo(task_id) == ended


def test_only_one_of_many_claims_at_once_wins(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    with ThreadPoolExecutor(5) as threads:
        claims = list(threads.map(tasks.claim, [task_id] * 5))
    assert sum(claimed is not None for claimed in claims) == 1


def test_a_claim_that_waits_for_another_claim_loses(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    with ThreadPoolExecutor(1) as thread:
        with tasks.engine.begin() as first:
            assert claim_task(first, task_id, LEASE, HOLDER)
            second = thread.submit(tasks.claim, task_id)
            tasks.wait_until_blocked()
        assert second.result(timeout=30) is None


def test_a_claim_and_an_end_are_one_statement_each(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    statements: list[str] = []
    event.listen(
        tasks.worker, "before_cursor_execute", lambda *arguments: statements.append(arguments[2])
    )
    tasks.claimed(task_id)
    tasks.crash(task_id)
    tasks.exhaust(task_id)
    claimed = tasks.claimed(task_id)
    tasks.time_out(task_id, OTHER_HOLDER)
    tasks.give_back(task_id, OTHER_HOLDER)
    tasks.succeed(claimed)
    assert len(statements) == 7
