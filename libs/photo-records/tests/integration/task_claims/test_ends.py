"""Success and failure: what they store, and that only one of them counts."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, text

from photo_domain.failure import FailureCode
from photo_domain.photo_facts import PhotoMetadata
from photo_domain.task_state import TaskStatus
from photo_records.tables import PhotoRecord
from photo_records.task_claims import (
    finish_failure,
    finish_success,
)

from .tasks import CAMERA, RENDITIONS, RESULT, Tasks

# What a file may leave unsaid.
SILENT = ("pages", "orientation", "taken_at", "camera")


def test_success_stores_the_result_and_the_renditions(tasks: Tasks) -> None:
    task_id, other = tasks.add(2)
    claimed = tasks.claimed(task_id)
    assert tasks.succeed(claimed)
    photo = tasks.photo(task_id)
    assert photo.status == TaskStatus.SUCCESS
    assert photo.revision == claimed.revision + 1
    assert photo.finished_at is not None
    assert photo.lease_expires_at is None
    assert (photo.claimed_by, photo.finished_by) == (None, claimed.claimed_by)
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
            tasks.wait_until_blocked()
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
