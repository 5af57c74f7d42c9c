"""Claiming a task and ending the run: exactly one result, whoever else works on it.

Every function is one statement, atomic by itself: it may run in a transaction or in autocommit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import (
    CTE,
    Connection,
    Update,
    column,
    func,
    insert,
    null,
    or_,
    select,
    true,
    update,
    values,
)

from photo_domain.failure import FailureCode
from photo_domain.file_format import FileFormat
from photo_domain.task_state import TaskStatus
from photo_records.tables import BatchRecord, PhotoRecord, RenditionRecord


@dataclass(frozen=True, slots=True)
class ClaimedTask:
    """A run of a task: what to work on, and the revision that fences its end."""

    photo_id: int
    task_id: UUID
    revision: int
    # This run included. A postponed run stays counted.
    attempts: int
    content_type: str
    # In bytes.
    size: int
    sha256: bytes
    object_key: str


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """What a successful run found out; width and height in pixels, upright."""

    format: FileFormat
    width: int
    height: int
    random_number: int
    # In seconds.
    processing_time: float


@dataclass(frozen=True, slots=True)
class StoredRendition:
    """A rendition that lies in storage already; width and height in pixels, size in bytes."""

    name: str
    width: int
    height: int
    content_type: str
    size: int
    object_key: str


def claim_task(connection: Connection, task_id: UUID, lease: timedelta) -> ClaimedTask | None:
    """Take the task for the time of `lease`.

    None if the task is unknown, has ended, is leased to another run, or waits for a later attempt.
    """
    photo = PhotoRecord
    now = func.now()
    statement = (
        update(photo)
        .where(
            photo.task_id == task_id,
            photo.status == TaskStatus.PENDING,
            or_(photo.lease_expires_at.is_(None), photo.lease_expires_at <= now),
            or_(photo.next_attempt_at.is_(None), photo.next_attempt_at <= now),
        )
        .values(
            attempts=photo.attempts + 1,
            revision=photo.revision + 1,
            started_at=now,
            lease_expires_at=now + lease,
            next_attempt_at=null(),
        )
        .returning(
            photo.id,
            photo.task_id,
            photo.revision,
            photo.attempts,
            photo.content_type,
            photo.size,
            photo.sha256,
            photo.object_key,
        )
    )
    row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    return ClaimedTask(
        photo_id=row.id,
        task_id=row.task_id,
        revision=row.revision,
        attempts=row.attempts,
        content_type=row.content_type,
        size=row.size,
        sha256=row.sha256,
        object_key=row.object_key,
    )


def finish_success(
    connection: Connection,
    claim: ClaimedTask,
    result: PhotoResult,
    renditions: Sequence[StoredRendition],
) -> bool:
    """End the task in SUCCESS with its renditions, unless the claim was lost.

    False means that nothing changed and that nobody knows the renditions: remove them.
    """
    ended = _ending(claim).values(
        status=TaskStatus.SUCCESS,
        format=result.format,
        width=result.width,
        height=result.height,
        random_number=result.random_number,
        processing_time=result.processing_time,
    )
    return _end(connection, ended, renditions)


def finish_failure(connection: Connection, claim: ClaimedTask, code: FailureCode) -> bool:
    """End the task in FAILURE, unless the claim was lost: then nothing changes and it is False."""
    ended = _ending(claim).values(
        status=TaskStatus.FAILURE, error_code=code, error_message=code.message
    )
    return _end(connection, ended, ())


def postpone(connection: Connection, claim: ClaimedTask, delay: timedelta) -> bool:
    """Give the task back for another attempt in `delay`, unless the claim was lost (False).

    The attempt stays counted, so that the delays can grow with the attempts.
    """
    statement = _fenced(claim).values(next_attempt_at=func.now() + delay)
    return connection.execute(statement).rowcount == 1


def _fenced(claim: ClaimedTask) -> Update:
    return (
        update(PhotoRecord)
        .where(
            PhotoRecord.task_id == claim.task_id,
            PhotoRecord.revision == claim.revision,
            PhotoRecord.status == TaskStatus.PENDING,
        )
        .values(revision=PhotoRecord.revision + 1, lease_expires_at=null())
    )


def _ending(claim: ClaimedTask) -> Update:
    return _fenced(claim).values(finished_at=func.now())


def _end(connection: Connection, ending: Update, renditions: Sequence[StoredRendition]) -> bool:
    ended = ending.returning(PhotoRecord.id, PhotoRecord.batch_id).cte("ended")
    # The photo's row is locked before the batch's, in every finisher: they cannot deadlock.
    counted = (
        update(BatchRecord)
        .where(BatchRecord.id == ended.c.batch_id)
        .values(pending=BatchRecord.pending - 1)
        .returning(BatchRecord.id)
        .cte("counted")
    )
    statement = select(func.count()).select_from(ended).add_cte(counted)
    if renditions:
        statement = statement.add_cte(_insert_renditions(ended, renditions))
    return connection.execute(statement).scalar_one() == 1


def _insert_renditions(ended: CTE, renditions: Sequence[StoredRendition]) -> CTE:
    table = RenditionRecord.__table__
    names = ("name", "width", "height", "content_type", "size", "object_key")
    made = values(*(column(name, table.c[name].type) for name in names), name="made").data(
        [tuple(getattr(rendition, name) for name in names) for rendition in renditions]
    )
    rows = select(ended.c.id, *(made.c[name] for name in names)).select_from(
        ended.join(made, true())
    )
    return (
        insert(RenditionRecord)
        .from_select(["photo_id", *names], rows)
        .returning(RenditionRecord.photo_id)
        .cte("stored")
    )
