"""The statements that bring a task from one state to the next, in parts for `task_claims`."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Update,
    and_,
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
from photo_domain.task_state import TaskStatus
from photo_records.tables import BatchRecord, PhotoRecord, RenditionRecord


def claimable(task_id: UUID) -> ColumnElement[bool]:
    """Whether it is that task, and nobody works on it, and it is due."""
    photo = PhotoRecord
    now = func.now()
    return and_(
        photo.task_id == task_id,
        photo.status == TaskStatus.PENDING,
        or_(photo.lease_expires_at.is_(None), photo.lease_expires_at <= now),
        or_(photo.next_attempt_at.is_(None), photo.next_attempt_at <= now),
    )


def runs_used() -> ColumnElement[int]:
    """How many runs a task had that were not postponed."""
    return PhotoRecord.attempts - PhotoRecord.postponements


def transition(condition: ColumnElement[bool]) -> Update:
    """Bump the revision and take the lease away, where the condition holds."""
    return (
        update(PhotoRecord)
        .where(condition)
        .values(
            revision=PhotoRecord.revision + 1,
            changed_at=func.now(),
            lease_expires_at=null(),
            claimed_by=null(),
        )
    )


def ending(update_of_photo: Update) -> Update:
    """The same, as an end: the status has to be set as well, and the batch counted down."""
    return update_of_photo.values(
        finished_at=func.now(), next_attempt_at=null(), postponed_since=null()
    )


def failing(update_of_photo: Update, code: FailureCode) -> Update:
    """The same, as an end in FAILURE."""
    return ending(update_of_photo).values(
        status=TaskStatus.FAILURE, error_code=code, error_message=code.message
    )


def count_down(ended: CTE) -> CTE:
    """Note in their batch that tasks have ended: rows with a `batch_id`, one of a batch at most."""
    # The photo's row is locked before the batch's, in every finisher: they cannot deadlock.
    return (
        update(BatchRecord)
        .where(BatchRecord.id == ended.c.batch_id)
        .values(pending=BatchRecord.pending - 1)
        .returning(BatchRecord.id)
        .cte("counted")
    )


def insert_renditions(ended: CTE, renditions: Sequence[Mapping[str, Any]]) -> CTE:
    """Store the rows of renditions, at least one, for the photo whose `id` is in `ended`."""
    table = RenditionRecord.__table__
    names = list(renditions[0])
    made = values(*(column(name, table.c[name].type) for name in names), name="made").data(
        [tuple(rendition[name] for name in names) for rendition in renditions]
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
