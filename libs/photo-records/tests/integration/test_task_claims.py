"""Claims and their fences, with two connections at a time."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from photo_domain.failure import FailureCode
from photo_domain.file_format import FileFormat
from photo_domain.task_id import new_task_id
from photo_domain.task_state import TaskStatus
from photo_records.database_url import with_driver
from photo_records.tables import BatchRecord, PhotoRecord, Record, RenditionRecord
from photo_records.task_claims import (
    PhotoResult,
    StoredRendition,
    claim_task,
    finish_failure,
    finish_success,
    postpone,
)
from photo_records.task_queue import Lane
from sqlalchemy import create_engine, event, func, insert, select, text, update

LEASE = timedelta(seconds=135)
RESULT = PhotoResult(FileFormat.JPEG, 1600, 1000, 42, 0.25)
RENDITIONS = [
    StoredRendition("preview", 1280, 800, "image/webp", 1000, "renditions/a/preview"),
    StoredRendition("thumbnail", 320, 200, "image/webp", 100, "renditions/a/thumbnail"),
]


@pytest.fixture
def engine(database_url):
    engine = create_engine(with_driver(database_url, "psycopg2"))
    Record.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def add_photos(engine):
    def add(count=1):
        batch_id = uuid4()
        task_ids = [new_task_id() for _ in range(count)]
        with engine.begin() as connection:
            connection.execute(
                insert(BatchRecord).values(
                    id=batch_id,
                    owner="owner",
                    idempotency_key=str(batch_id),
                    fingerprint=bytes(32),
                    rejected=[],
                    pending=count,
                )
            )
            connection.execute(
                insert(PhotoRecord),
                [
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
                ],
            )
        return task_ids

    return add


@pytest.fixture
def photo_of(engine):
    def read(task_id):
        with engine.begin() as connection:
            query = select(PhotoRecord.__table__).where(PhotoRecord.task_id == task_id)
            return connection.execute(query).one()

    return read


@pytest.fixture
def pending_of(engine, photo_of):
    def read(task_id):
        with engine.begin() as connection:
            query = select(BatchRecord.pending).where(BatchRecord.id == photo_of(task_id).batch_id)
            return connection.execute(query).scalar_one()

    return read


@pytest.fixture
def change(engine):
    """Changes the row behind everyone's back, as time would."""

    def write(task_id, **columns):
        with engine.begin() as connection:
            connection.execute(
                update(PhotoRecord).where(PhotoRecord.task_id == task_id).values(**columns)
            )

    return write


@pytest.fixture
def claim(engine):
    def take(task_id):
        with engine.begin() as connection:
            return claim_task(connection, task_id, LEASE)

    return take


def test_a_claim_leases_the_task_and_counts_the_attempt(add_photos, claim, photo_of):
    (task_id,) = add_photos()
    before = photo_of(task_id)
    claimed = claim(task_id)
    after = photo_of(task_id)
    assert claimed.photo_id == after.id
    assert claimed.task_id == task_id
    assert claimed.object_key == after.object_key
    assert (claimed.size, claimed.sha256, claimed.content_type) == (3, bytes(32), "image/jpeg")
    assert claimed.revision == after.revision == before.revision + 1
    assert claimed.attempts == after.attempts == 1
    assert after.status == TaskStatus.PENDING
    assert after.lease_expires_at - after.started_at == LEASE


def test_an_unknown_task_cannot_be_claimed(claim):
    assert claim(new_task_id()) is None


def test_a_leased_task_cannot_be_claimed(add_photos, claim, photo_of):
    (task_id,) = add_photos()
    claim(task_id)
    leased = photo_of(task_id)
    assert claim(task_id) is None
    assert photo_of(task_id) == leased


def test_an_ended_task_cannot_be_claimed(engine, add_photos, claim, photo_of):
    (task_id,) = add_photos()
    claimed = claim(task_id)
    with engine.begin() as connection:
        assert finish_failure(connection, claimed, FailureCode.CORRUPT_IMAGE)
    ended = photo_of(task_id)
    assert claim(task_id) is None
    assert photo_of(task_id) == ended


def test_only_one_of_many_claims_at_once_wins(add_photos, claim):
    (task_id,) = add_photos()
    with ThreadPoolExecutor(5) as threads:
        claims = list(threads.map(claim, [task_id] * 5))
    assert sum(claimed is not None for claimed in claims) == 1


def test_a_claim_that_waits_for_another_claim_loses(engine, add_photos, claim):
    (task_id,) = add_photos()
    waits = ThreadPoolExecutor(1)
    with engine.begin() as first:
        assert claim_task(first, task_id, LEASE)
        second = waits.submit(claim, task_id)
        _wait_until_blocked(engine)
    assert second.result(timeout=30) is None
    waits.shutdown()


def test_success_stores_the_result_and_the_renditions(
    engine, add_photos, claim, photo_of, pending_of
):
    task_id, other = add_photos(2)
    claimed = claim(task_id)
    with engine.begin() as connection:
        assert finish_success(connection, claimed, RESULT, RENDITIONS)
    photo = photo_of(task_id)
    assert photo.status == TaskStatus.SUCCESS
    assert photo.revision == claimed.revision + 1
    assert photo.finished_at is not None
    assert photo.lease_expires_at is None
    assert (photo.format, photo.width, photo.height) == ("jpeg", 1600, 1000)
    assert (photo.random_number, photo.processing_time) == (42, 0.25)
    assert pending_of(task_id) == 1
    assert photo_of(other).status == TaskStatus.PENDING
    with engine.begin() as connection:
        rows = connection.execute(
            select(RenditionRecord.__table__).order_by(RenditionRecord.name)
        ).all()
    assert [tuple(row) for row in rows] == [
        (photo.id, "preview", 1280, 800, "image/webp", 1000, "renditions/a/preview"),
        (photo.id, "thumbnail", 320, 200, "image/webp", 100, "renditions/a/thumbnail"),
    ]


def test_failure_stores_the_code_and_its_sentence(engine, add_photos, claim, photo_of, pending_of):
    (task_id,) = add_photos()
    claimed = claim(task_id)
    with engine.begin() as connection:
        assert finish_failure(connection, claimed, FailureCode.CORRUPT_IMAGE)
    photo = photo_of(task_id)
    assert photo.status == TaskStatus.FAILURE
    assert photo.error_code == "corrupt_image"
    assert photo.error_message == FailureCode.CORRUPT_IMAGE.message
    assert photo.revision == claimed.revision + 1
    assert photo.finished_at is not None
    assert photo.lease_expires_at is None
    assert pending_of(task_id) == 0


def test_a_run_whose_lease_ran_out_changes_nothing_after_the_next_claim(
    engine, add_photos, claim, change, photo_of, pending_of
):
    (task_id,) = add_photos()
    late = claim(task_id)
    change(task_id, lease_expires_at=func.now() - timedelta(seconds=1))
    current = claim(task_id)
    assert current.attempts == 2
    held = photo_of(task_id)
    with engine.begin() as connection:
        assert not finish_success(connection, late, RESULT, RENDITIONS)
        assert not finish_failure(connection, late, FailureCode.INTERNAL)
        assert not postpone(connection, late, timedelta(seconds=5))
    assert photo_of(task_id) == held
    assert pending_of(task_id) == 1
    with engine.begin() as connection:
        assert finish_success(connection, current, RESULT, RENDITIONS)


def test_a_run_whose_lease_ran_out_may_end_the_task_if_nobody_took_it(
    engine, add_photos, claim, change, photo_of
):
    (task_id,) = add_photos()
    late = claim(task_id)
    change(task_id, lease_expires_at=func.now() - timedelta(seconds=1))
    with engine.begin() as connection:
        assert finish_success(connection, late, RESULT, RENDITIONS)
    assert photo_of(task_id).status == TaskStatus.SUCCESS


def test_of_two_ends_at_once_one_counts(engine, add_photos, claim, photo_of, pending_of):
    (task_id,) = add_photos()
    claimed = claim(task_id)

    def succeed():
        with engine.begin() as connection:
            return finish_success(connection, claimed, RESULT, RENDITIONS)

    waits = ThreadPoolExecutor(1)
    with engine.begin() as first:
        assert finish_failure(first, claimed, FailureCode.INTERNAL)
        second = waits.submit(succeed)
        _wait_until_blocked(engine)
    assert second.result(timeout=30) is False
    waits.shutdown()
    assert photo_of(task_id).status == TaskStatus.FAILURE
    assert pending_of(task_id) == 0
    with engine.begin() as connection:
        assert not connection.execute(select(RenditionRecord.__table__)).all()


def test_an_end_that_rolls_back_leaves_the_claim(engine, add_photos, claim, photo_of, pending_of):
    (task_id,) = add_photos()
    claimed = claim(task_id)
    held = photo_of(task_id)
    with engine.connect() as connection:
        assert finish_success(connection, claimed, RESULT, RENDITIONS)
        connection.rollback()
    assert photo_of(task_id) == held
    assert pending_of(task_id) == 1


def test_photos_of_one_batch_end_side_by_side(engine, add_photos, claim, pending_of):
    task_ids = add_photos(40)

    def succeed(task_id):
        claimed = claim(task_id)
        with engine.begin() as connection:
            return finish_success(connection, claimed, RESULT, RENDITIONS)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(succeed, task_ids))
    assert pending_of(task_ids[0]) == 0


def test_a_postponed_task_is_claimed_when_it_is_due_and_not_before(
    engine, add_photos, claim, change, photo_of, pending_of
):
    (task_id,) = add_photos()
    claimed = claim(task_id)
    with engine.begin() as connection:
        assert postpone(connection, claimed, timedelta(minutes=5))
    waiting = photo_of(task_id)
    assert waiting.status == TaskStatus.PENDING
    assert waiting.lease_expires_at is None
    assert waiting.next_attempt_at > waiting.started_at + timedelta(minutes=4)
    assert (waiting.revision, waiting.attempts) == (claimed.revision + 1, 1)
    assert pending_of(task_id) == 1
    assert claim(task_id) is None

    change(task_id, next_attempt_at=func.now() - timedelta(seconds=1))
    again = claim(task_id)
    assert (again.attempts, again.revision) == (2, waiting.revision + 1)
    assert photo_of(task_id).next_attempt_at is None


def test_a_claim_and_an_end_are_one_statement_each(engine, add_photos, claim):
    (task_id,) = add_photos()
    statements = []
    event.listen(
        engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2])
    )
    claimed = claim(task_id)
    with engine.begin() as connection:
        finish_success(connection, claimed, RESULT, RENDITIONS)
    assert len(statements) == 2


def _wait_until_blocked(engine):
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
