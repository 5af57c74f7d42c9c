"""Claiming a task and ending the run: exactly one result, whoever else works on it.

Every function is one statement, atomic by itself: it may run in a transaction or in autocommit.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    Connection,
    Interval,
    Update,
    and_,
    case,
    func,
    literal,
    null,
    select,
    update,
)

from photo_domain.failure import FailureCode
from photo_domain.task_state import TaskStatus
from photo_records.photo_result import PhotoResult, StoredRendition
from photo_records.tables import PhotoRecord
from photo_records.task_transitions import (
    claimable,
    count_down,
    ending,
    failing,
    insert_renditions,
    runs_used,
    transition,
)

# A file that ended that many processes ends in FAILURE.
MAX_CRASHES = 3
# So does one whose runs, but for the postponed ones, vanished that often: nobody saw why.
MAX_RUNS = 20
# Trouble that postponed a task goes on only while its runs follow one another: what waited in a
# long backlog knows nothing of the time between. Longer than the longest run, an hour, and the
# longest pause after it, ten minutes.
_RUNS_FOLLOW = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class ClaimedTask:
    """A run of a task: what to work on, and the revision that fences its end."""

    photo_id: int
    task_id: UUID
    batch_id: UUID
    owner: str
    revision: int
    # This run included. A postponed run stays counted.
    attempts: int
    # How often the task was postponed, and for how long the trouble has been going on.
    postponements: int
    postponed_for: timedelta
    content_type: str
    # In bytes.
    size: int
    sha256: bytes
    object_key: str


class CrashVerdict(StrEnum):
    """What a process's death made of the task it held."""

    # It is free for another run at once.
    GIVEN_BACK = "given_back"
    # It was the last time: FAILURE `crashed`.
    ENDED = "ended"


def claim_task(
    connection: Connection, task_id: UUID, lease: timedelta, claimed_by: str
) -> ClaimedTask | None:
    """Take the task for the time of `lease`; `claimed_by` names the process that works on it.

    None if the task is unknown, has ended, is leased to another run, waits for a later attempt, or
    has used up its runs: `end_exhausted` tells.
    """
    photo = PhotoRecord
    now = func.now()
    statement = (
        update(photo)
        .where(claimable(task_id), runs_used() < MAX_RUNS)
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
    row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    return ClaimedTask(
        photo_id=row.id,
        task_id=row.task_id,
        batch_id=row.batch_id,
        owner=row.owner,
        revision=row.revision,
        attempts=row.attempts,
        postponements=row.postponements,
        postponed_for=row.postponed_for,
        content_type=row.content_type,
        size=row.size,
        sha256=row.sha256,
        object_key=row.object_key,
    )


def end_exhausted(connection: Connection, task_id: UUID) -> bool:
    """End a task that could be claimed but for its MAX_RUNS runs in FAILURE `crashed`."""
    exhausted = transition(and_(claimable(task_id), runs_used() >= MAX_RUNS))
    return _end(connection, failing(exhausted, FailureCode.CRASHED), ())


def finish_success(
    connection: Connection,
    claim: ClaimedTask,
    result: PhotoResult,
    renditions: Sequence[StoredRendition],
) -> bool:
    """End the task in SUCCESS with its renditions, unless the claim was lost.

    False means that nothing changed and that nobody knows the renditions: remove them.
    """
    metadata, placeholder = result.metadata, result.placeholder
    ended = ending(_fenced(claim)).values(
        status=TaskStatus.SUCCESS,
        format=result.format,
        width=result.width,
        height=result.height,
        random_number=result.random_number,
        processing_time=result.processing_time,
        pages=result.pages,
        orientation=metadata.orientation,
        taken_at=metadata.taken_at,
        camera=asdict(metadata.camera) if metadata.camera else None,
        dominant_color=placeholder.dominant_color,
        thumbhash=placeholder.thumbhash,
        phash=placeholder.phash,
        step_seconds=dict(result.step_seconds),
    )
    return _end(connection, ended, renditions)


def finish_failure(connection: Connection, claim: ClaimedTask, code: FailureCode) -> bool:
    """End the task in FAILURE, unless the claim was lost: then nothing changes and it is False."""
    return _end(connection, failing(_fenced(claim), code), ())


def postpone(connection: Connection, claim: ClaimedTask, delay: timedelta) -> bool:
    """Give the task back for another attempt in `delay`, unless the claim was lost (False).

    The attempt stays counted, and the postponement too, so that the delays can grow.
    """
    photo = PhotoRecord
    statement = _fenced(claim).values(
        next_attempt_at=func.now() + delay,
        postponements=photo.postponements + 1,
        postponed_since=func.coalesce(photo.postponed_since, func.now()),
    )
    return connection.execute(statement).rowcount == 1


def end_timed_out(connection: Connection, task_id: UUID, claimed_by: str) -> bool:
    """End the task in FAILURE `timeout` if that process holds it; otherwise False."""
    return _end(connection, failing(_held(task_id, claimed_by), FailureCode.TIMEOUT), ())


def give_back(connection: Connection, task_id: UUID, claimed_by: str) -> bool:
    """Free the task for another run at once if that process holds it; otherwise False.

    Nothing is held against it, but that the run counts as one of MAX_RUNS.
    """
    statement = _held(task_id, claimed_by).values(enqueued_at=null())
    return connection.execute(statement).rowcount == 1


def count_crash(connection: Connection, task_id: UUID, claimed_by: str) -> CrashVerdict | None:
    """Count the death of that process against the task it held; None if it held it no longer.

    Given back, the task is unqueued as well: the relay takes it up if its message does not return.
    """
    photo = PhotoRecord
    code = FailureCode.CRASHED
    last = photo.crashes + 1 >= MAX_CRASHES
    crashed = (
        _held(task_id, claimed_by)
        .values(
            crashes=photo.crashes + 1,
            enqueued_at=null(),
            status=case((last, str(TaskStatus.FAILURE)), else_=str(TaskStatus.PENDING)),
            finished_at=case((last, func.now())),
            error_code=case((last, str(code))),
            error_message=case((last, code.message)),
            postponed_since=case((last, null()), else_=photo.postponed_since),
        )
        .returning(photo.batch_id, photo.status)
        .cte("crashed")
    )
    ended = select(crashed.c.batch_id).where(crashed.c.status == TaskStatus.FAILURE).cte("ended")
    statement = select(crashed.c.status).add_cte(count_down(ended))
    status = connection.execute(statement).scalar_one_or_none()
    if status is None:
        return None
    return CrashVerdict.GIVEN_BACK if status == TaskStatus.PENDING else CrashVerdict.ENDED


def _fenced(claim: ClaimedTask) -> Update:
    photo = PhotoRecord
    return transition(
        and_(
            photo.task_id == claim.task_id,
            photo.revision == claim.revision,
            photo.status == TaskStatus.PENDING,
        )
    )


def _held(task_id: UUID, claimed_by: str) -> Update:
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


def _end(
    connection: Connection, update_of_photo: Update, renditions: Sequence[StoredRendition]
) -> bool:
    ended = update_of_photo.returning(PhotoRecord.id, PhotoRecord.batch_id).cte("ended")
    statement = select(func.count()).select_from(ended).add_cte(count_down(ended))
    if renditions:
        statement = statement.add_cte(
            insert_renditions(ended, [asdict(rendition) for rendition in renditions])
        )
    return connection.execute(statement).scalar_one() == 1
