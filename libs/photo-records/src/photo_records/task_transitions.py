"""The statements that bring a task from one state to the next, in parts for `task_claims`."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Interval,
    Update,
    and_,
    case,
    column,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    update,
    values,
)
from sqlalchemy.sql.dml import ReturningUpdate

from photo_domain.failure import FailureCode
from photo_domain.task_state import TaskStatus
from photo_records.tables import BatchRecord, PhotoRecord, RenditionRecord

# Trouble that postponed a task goes on only while its runs follow one another: what waited in a
# long backlog knows nothing of the time between. Longer than the longest run, an hour, and the
# longest pause after it, ten minutes.
_RUNS_FOLLOW = timedelta(hours=2)


def claimable(task_id: UUID) -> ColumnElement[bool]:
    """Whether it is that task, and nobody works on it, and it is due."""
    photo = PhotoRecord
    expired = photo.lease_expires_at <= func.now()
    return and_(_due(task_id), or_(photo.lease_expires_at.is_(None), expired))


def free(task_id: UUID) -> ColumnElement[bool]:
    """Whether it is that task, and nobody has a lease of it, and it is due."""
    return and_(_due(task_id), PhotoRecord.lease_expires_at.is_(None))


def _due(task_id: UUID) -> ColumnElement[bool]:
    photo = PhotoRecord
    return and_(
        photo.task_id == task_id,
        photo.status == TaskStatus.PENDING,
        or_(photo.next_attempt_at.is_(None), photo.next_attempt_at <= func.now()),
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


def claiming(
    condition: ColumnElement[bool], lease: timedelta, claimed_by: str
) -> ReturningUpdate[*tuple[Any, ...]]:
    """Lease the task to that process where the condition holds; the columns of a `ClaimedTask`."""
    photo = PhotoRecord
    now = func.now()
    return (
        update(photo)
        .where(condition)
        .values(
            attempts=photo.attempts + 1,
            revision=photo.revision + 1,
            changed_at=now,
            started_at=now,
            lease_expires_at=now + lease,
            claimed_by=claimed_by,
            next_attempt_at=null(),
            # `started_at` is here the start of the run before.
            postponed_since=case((photo.started_at > now - _RUNS_FOLLOW, photo.postponed_since)),
        )
        .returning(
            photo.id,
            photo.task_id,
            photo.batch_id,
            photo.owner,
            photo.lane,
            (now - photo.created_at).label("age"),
            photo.revision,
            photo.attempts,
            photo.postponements,
            func.coalesce(now - photo.postponed_since, literal(timedelta(), Interval)).label(
                "postponed_for"
            ),
            photo.content_type,
            photo.size,
            photo.sha256,
            photo.object_key,
        )
    )


def fenced(task_id: UUID, revision: int) -> Update:
    """A transition of the run that has the task since that revision."""
    photo = PhotoRecord
    return transition(
        and_(
            photo.task_id == task_id,
            photo.revision == revision,
            photo.status == TaskStatus.PENDING,
        )
    )


def held(task_id: UUID, claimed_by: str) -> Update:
    """A transition of the run that this process has."""
    photo = PhotoRecord
    return transition(
        and_(
            photo.task_id == task_id,
            photo.claimed_by == claimed_by,
            photo.status == TaskStatus.PENDING,
            # Who takes a lease away need not know who had it.
            photo.lease_expires_at.is_not(None),
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


def locked(condition: ColumnElement[bool]) -> CTE:
    """Lock the task where the condition holds: its row as whoever comes next finds it."""
    photo = PhotoRecord
    columns = (
        photo.id,
        photo.attempts,
        photo.revision,
        photo.started_at,
        photo.claimed_by,
        photo.lease_expires_at,
    )
    return select(*columns).where(condition).with_for_update().cte("seen")


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
