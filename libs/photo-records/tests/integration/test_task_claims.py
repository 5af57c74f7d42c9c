"""Claims and their fences, with two connections at a time."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, Row, create_engine, event, func, insert, select, text, update

from photo_domain.failure import FailureCode
from photo_domain.file_format import FileFormat
from photo_domain.photo_facts import Camera, PhotoMetadata, Placeholder
from photo_domain.task_id import new_task_id
from photo_domain.task_state import TaskStatus
from photo_records.database_url import with_driver
from photo_records.photo_result import PhotoResult, StoredRendition
from photo_records.tables import BatchRecord, PhotoRecord, RenditionRecord
from photo_records.task_claims import (
    MAX_RUNS,
    ClaimedTask,
    CrashVerdict,
    claim_task,
    count_crash,
    end_exhausted,
    end_timed_out,
    finish_failure,
    finish_success,
    give_back,
    postpone,
)
from photo_records.task_queue import Lane

LEASE = timedelta(seconds=135)
HOLDER = "worker:1"
OTHER_HOLDER = "worker:2"
CAMERA = Camera(make="Canon", lens="EF50mm f/1.8", exposure_time=0.008, iso=100)
RESULT = PhotoResult(
    format=FileFormat.JPEG,
    width=1600,
    height=1000,
    random_number=42,
    processing_time=0.25,
    pages=3,
    metadata=PhotoMetadata("2026-05-01T12:30:15+02:00", CAMERA, orientation=6),
    placeholder=Placeholder(bytes(25), "#0a141e", "0123456789abcdef"),
    step_seconds={"probe": 0.01, "renditions": 0.2},
)
# What a file may leave unsaid.
SILENT = ("pages", "orientation", "taken_at", "camera")
RENDITIONS = [
    StoredRendition("preview", 1280, 800, "image/webp", 1000, "renditions/a/preview"),
    StoredRendition("thumbnail", 320, 200, "image/webp", 100, "renditions/a/thumbnail"),
]


class Tasks:
    """Tasks in a real database, and what everyone else would see of them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def add(self, count: int) -> list[UUID]:
        batch_id = uuid4()
        task_ids = [new_task_id() for _ in range(count)]
        batch = {
            "id": batch_id,
            "owner": "owner",
            "idempotency_key": str(batch_id),
            "fingerprint": bytes(32),
            "rejected": [],
            "pending": count,
        }
        photos = [
            {
                "task_id": task_id,
                "batch_id": batch_id,
                "owner": "owner",
                "file_name": "a.jpg",
                "content_type": "image/jpeg",
                "size": 3,
                "sha256": bytes(32),
                "object_key": f"originals/{task_id}",
                "position": position,
                "lane": Lane.INTERACTIVE,
            }
            for position, task_id in enumerate(task_ids)
        ]
        with self.engine.begin() as connection:
            connection.execute(insert(BatchRecord), [batch])
            connection.execute(insert(PhotoRecord), photos)
        return task_ids

    def claim(self, task_id: UUID, claimed_by: str = HOLDER) -> ClaimedTask | None:
        with self.engine.begin() as connection:
            return claim_task(connection, task_id, LEASE, claimed_by)

    def claimed(self, task_id: UUID) -> ClaimedTask:
        claim = self.claim(task_id)
        assert claim is not None
        return claim

    def succeed(self, claim: ClaimedTask, result: PhotoResult = RESULT) -> bool:
        with self.engine.begin() as connection:
            return finish_success(connection, claim, result, RENDITIONS)

    def fail(self, claim: ClaimedTask, code: FailureCode) -> bool:
        with self.engine.begin() as connection:
            return finish_failure(connection, claim, code)

    def postpone(self, claim: ClaimedTask, delay: timedelta) -> bool:
        with self.engine.begin() as connection:
            return postpone(connection, claim, delay)

    def time_out(self, task_id: UUID, claimed_by: str = HOLDER) -> bool:
        with self.engine.begin() as connection:
            return end_timed_out(connection, task_id, claimed_by)

    def give_back(self, task_id: UUID, claimed_by: str = HOLDER) -> bool:
        with self.engine.begin() as connection:
            return give_back(connection, task_id, claimed_by)

    def crash(self, task_id: UUID, claimed_by: str = HOLDER) -> CrashVerdict | None:
        with self.engine.begin() as connection:
            return count_crash(connection, task_id, claimed_by)

    def exhaust(self, task_id: UUID) -> bool:
        with self.engine.begin() as connection:
            return end_exhausted(connection, task_id)

    def change(self, task_id: UUID, **columns: Any) -> None:
        """Change the row behind everyone's back, as time would."""
        with self.engine.begin() as connection:
            connection.execute(
                update(PhotoRecord).where(PhotoRecord.task_id == task_id).values(**columns)
            )

    def photo(self, task_id: UUID) -> Row[Any]:
        query = select(PhotoRecord.__table__).where(PhotoRecord.task_id == task_id)
        with self.engine.begin() as connection:
            return connection.execute(query).one()

    def pending(self, task_id: UUID) -> int:
        query = select(BatchRecord.pending).where(BatchRecord.id == self.photo(task_id).batch_id)
        with self.engine.begin() as connection:
            return connection.execute(query).scalar_one()

    def renditions(self, task_id: UUID) -> list[tuple[Any, ...]]:
        query = (
            select(RenditionRecord.__table__)
            .where(RenditionRecord.photo_id == self.photo(task_id).id)
            .order_by(RenditionRecord.name)
        )
        with self.engine.begin() as connection:
            return [tuple(row) for row in connection.execute(query)]


@pytest.fixture
def tasks(database_url: str) -> Iterator[Tasks]:
    engine = create_engine(with_driver(database_url, "psycopg2"))
    yield Tasks(engine)
    engine.dispose()


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
            _wait_until_blocked(tasks.engine)
        assert second.result(timeout=30) is None


def test_success_stores_the_result_and_the_renditions(tasks: Tasks) -> None:
    task_id, other = tasks.add(2)
    claimed = tasks.claimed(task_id)
    assert tasks.succeed(claimed)
    photo = tasks.photo(task_id)
    assert photo.status == TaskStatus.SUCCESS
    assert photo.revision == claimed.revision + 1
    assert photo.finished_at is not None
    assert photo.lease_expires_at is None
    assert (photo.format, photo.width, photo.height) == ("jpeg", 1600, 1000)
    assert (photo.random_number, photo.processing_time) == (42, 0.25)
    assert tasks.pending(task_id) == 1
    assert tasks.photo(other).status == TaskStatus.PENDING
    assert tasks.renditions(task_id) == [
        (photo.id, "preview", 1280, 800, "image/webp", 1000, "renditions/a/preview"),
        (photo.id, "thumbnail", 320, 200, "image/webp", 100, "renditions/a/thumbnail"),
    ]


def test_success_stores_what_the_photo_tells_of_itself(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    assert tasks.succeed(tasks.claimed(task_id))
    photo = tasks.photo(task_id)
    assert (photo.pages, photo.orientation) == (3, 6)
    assert photo.taken_at == "2026-05-01T12:30:15+02:00"
    assert photo.camera == asdict(CAMERA)
    assert (photo.dominant_color, photo.phash) == ("#0a141e", "0123456789abcdef")
    assert bytes(photo.thumbhash) == bytes(25)
    assert photo.step_seconds == {"probe": 0.01, "renditions": 0.2}


def test_what_a_photo_does_not_tell_is_stored_as_absent(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    silent = replace(RESULT, pages=None, metadata=PhotoMetadata())
    assert tasks.succeed(tasks.claimed(task_id), silent)
    absent = select(func.num_nulls(*(text(name) for name in SILENT))).select_from(PhotoRecord)
    with tasks.engine.begin() as connection:
        assert connection.execute(absent).scalar_one() == len(SILENT)


def test_failure_stores_the_code_and_its_sentence(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    claimed = tasks.claimed(task_id)
    assert tasks.fail(claimed, FailureCode.CORRUPT_IMAGE)
    photo = tasks.photo(task_id)
    assert photo.status == TaskStatus.FAILURE
    assert photo.error_code == "corrupt_image"
    assert photo.error_message == FailureCode.CORRUPT_IMAGE.message
    assert photo.revision == claimed.revision + 1
    assert photo.finished_at is not None
    assert photo.lease_expires_at is None
    assert tasks.pending(task_id) == 0


def test_a_run_whose_lease_ran_out_changes_nothing_after_the_next_claim(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    late = tasks.claimed(task_id)
    tasks.change(task_id, lease_expires_at=func.now() - timedelta(seconds=1))
    current = tasks.claimed(task_id)
    assert current.attempts == 2
    held = tasks.photo(task_id)
    assert not tasks.succeed(late)
    assert not tasks.fail(late, FailureCode.INTERNAL)
    assert not tasks.postpone(late, timedelta(seconds=5))
    assert tasks.photo(task_id) == held
    assert tasks.pending(task_id) == 1
    assert tasks.succeed(current)


def test_a_run_whose_lease_ran_out_may_end_the_task_if_nobody_took_it(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    late = tasks.claimed(task_id)
    tasks.change(task_id, lease_expires_at=func.now() - timedelta(seconds=1))
    assert tasks.succeed(late)
    assert tasks.photo(task_id).status == TaskStatus.SUCCESS


def test_of_two_ends_at_once_one_counts(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    claimed = tasks.claimed(task_id)
    with ThreadPoolExecutor(1) as thread:
        with tasks.engine.begin() as first:
            assert finish_failure(first, claimed, FailureCode.INTERNAL)
            second = thread.submit(tasks.succeed, claimed)
            _wait_until_blocked(tasks.engine)
        assert second.result(timeout=30) is False
    assert tasks.photo(task_id).status == TaskStatus.FAILURE
    assert tasks.pending(task_id) == 0
    assert not tasks.renditions(task_id)


def test_an_end_that_rolls_back_leaves_the_claim(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    claimed = tasks.claimed(task_id)
    held = tasks.photo(task_id)
    with tasks.engine.connect() as connection:
        assert finish_success(connection, claimed, RESULT, RENDITIONS)
        connection.rollback()
    assert tasks.photo(task_id) == held
    assert tasks.pending(task_id) == 1


def test_photos_of_one_batch_end_side_by_side(tasks: Tasks) -> None:
    task_ids = tasks.add(40)

    def succeed(task_id: UUID) -> bool:
        return tasks.succeed(tasks.claimed(task_id))

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(succeed, task_ids))
    assert tasks.pending(task_ids[0]) == 0


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


def test_a_claim_and_an_end_are_one_statement_each(tasks: Tasks) -> None:
    (task_id,) = tasks.add(1)
    statements: list[str] = []
    event.listen(
        tasks.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2])
    )
    tasks.claimed(task_id)
    tasks.crash(task_id)
    tasks.exhaust(task_id)
    claimed = tasks.claimed(task_id)
    tasks.time_out(task_id, OTHER_HOLDER)
    tasks.give_back(task_id, OTHER_HOLDER)
    tasks.succeed(claimed)
    assert len(statements) == 7


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


def _let_lease_expire(tasks: Tasks, task_id: UUID) -> None:
    tasks.change(task_id, lease_expires_at=func.now() - timedelta(seconds=1))


@pytest.mark.parametrize("vanish", [_let_lease_expire, Tasks.give_back])
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


def _wait_until_blocked(engine: Engine) -> None:
    """Until a connection to this database waits for a lock that another one holds."""
    blocked = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND cardinality(pg_blocking_pids(pid)) > 0"
    )
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with engine.begin() as connection:
            if connection.execute(blocked).scalar_one():
                return
    raise AssertionError("no connection was blocked")
