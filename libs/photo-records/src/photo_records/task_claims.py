"""Claiming a task and ending the run: exactly one result, whoever else works on it.

Every function is one statement, atomic by itself: it may run in a transaction or in autocommit. (A
claim of what is not free is a second one, after a first that did nothing.)
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CTE, Connection, Update, and_, case, func, null, select

from photo_domain.failure import FailureCode
from photo_domain.task_state import TaskStatus
from photo_records.failed_attempts import AttemptOutcome, note_attempt, note_vanished
from photo_records.photo_result import PhotoResult, StoredRendition
from photo_records.tables import PhotoRecord
from photo_records.task_queue import Lane
from photo_records.task_transitions import (
    claimable,
    claiming,
    count_down,
    ending,
    failing,
    fenced,
    free,
    held,
    insert_renditions,
    locked,
    runs_used,
    transition,
)

# A file that ended that many processes ends in FAILURE.
MAX_CRASHES = 3
# So does one whose runs, but for the postponed ones, vanished that often: nobody saw why.
MAX_RUNS = 20
# The revision of a task that was born, and claimed for the first time.
_FIRST_CLAIM = 2


@dataclass(frozen=True, slots=True)
class ClaimedTask:
    """A run of a task: what to work on, and the revision that fences its end."""

    photo_id: int
    task_id: UUID
    batch_id: UUID
    owner: str
    lane: Lane
    # At the claim, since the upload.
    age: timedelta
    revision: int
    # The process that works on it.
    claimed_by: str
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

    @property
    def was_retried(self) -> bool:
        """Whether somebody retried the task, so that its age says nothing; as far as rows tell.

        A retry begins to count attempts anew, but goes on with the revision. Of a second attempt
        of a run that is not known: then it is False.
        """
        return self.attempts == 1 and self.revision > _FIRST_CLAIM


class CrashVerdict(StrEnum):
    """What a process's death made of the task it held."""

    # It is free for another run at once.
    GIVEN_BACK = "given_back"
    # It was the last time: FAILURE `crashed`.
    ENDED = "ended"


# What the parts of a statement ask of a task whose attempt it ends.
_OF_ENDED = (
    PhotoRecord.id,
    PhotoRecord.batch_id,
    PhotoRecord.attempts,
    PhotoRecord.revision,
    PhotoRecord.started_at,
    PhotoRecord.error_code,
)


def claim_task(
    connection: Connection, task_id: UUID, lease: timedelta, claimed_by: str
) -> ClaimedTask | None:
    """Take the task for the time of `lease`; `claimed_by` names the process that works on it.

    None if the task is unknown, has ended, is leased to another run, waits for a later attempt, or
    has used up its runs: `end_exhausted` tells.
    """
    runs_left = runs_used() < MAX_RUNS
    claim = claiming(and_(free(task_id), runs_left), lease, claimed_by)
    row = connection.execute(claim).one_or_none()
    if row is None:
        # Mostly a message too many; else somebody's lease ran out, which is to be noted.
        seen = locked(and_(claimable(task_id), runs_left))
        taking_over = claiming(PhotoRecord.id == seen.c.id, lease, claimed_by)
        row = connection.execute(taking_over.add_cte(note_vanished(seen))).one_or_none()
    if row is None:
        return None
    return ClaimedTask(
        photo_id=row.id,
        task_id=row.task_id,
        batch_id=row.batch_id,
        owner=row.owner,
        lane=Lane(row.lane),
        age=row.age,
        revision=row.revision,
        claimed_by=claimed_by,
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
    seen = locked(and_(claimable(task_id), runs_used() >= MAX_RUNS))
    exhausted = failing(transition(PhotoRecord.id == seen.c.id), FailureCode.CRASHED)
    ended = exhausted.returning(*_OF_ENDED).cte("ended")
    return _count(connection, ended, count_down(ended), note_vanished(seen)) == 1


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
    ended = ending(fenced(claim.task_id, claim.revision)).values(
        status=TaskStatus.SUCCESS,
        finished_by=claim.claimed_by,
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
    finished = ended.returning(PhotoRecord.id, PhotoRecord.batch_id).cte("ended")
    parts = [count_down(finished)]
    if renditions:
        parts.append(insert_renditions(finished, [asdict(rendition) for rendition in renditions]))
    return _count(connection, finished, *parts) == 1


def finish_failure(connection: Connection, claim: ClaimedTask, code: FailureCode) -> bool:
    """End the task in FAILURE, unless the claim was lost: then nothing changes and it is False."""
    failed = failing(fenced(claim.task_id, claim.revision), code)
    return _end_attempt(connection, failed, claim.claimed_by, AttemptOutcome.FAILED, ends=True)


def postpone(connection: Connection, claim: ClaimedTask, delay: timedelta) -> bool:
    """Give the task back for another attempt in `delay`, unless the claim was lost (False).

    The attempt stays counted, and the postponement too, so that the delays can grow.
    """
    photo = PhotoRecord
    statement = fenced(claim.task_id, claim.revision).values(
        next_attempt_at=func.now() + delay,
        postponements=photo.postponements + 1,
        postponed_since=func.coalesce(photo.postponed_since, func.now()),
    )
    return _end_attempt(connection, statement, claim.claimed_by, AttemptOutcome.POSTPONED)


def end_timed_out(connection: Connection, task_id: UUID, claimed_by: str) -> bool:
    """End the task in FAILURE `timeout` if that process holds it; otherwise False."""
    ended = failing(held(task_id, claimed_by), FailureCode.TIMEOUT)
    return _end_attempt(connection, ended, claimed_by, AttemptOutcome.TIMEOUT, ends=True)


def give_back(connection: Connection, task_id: UUID, claimed_by: str) -> bool:
    """Free the task for another run at once if that process holds it; otherwise False.

    Nothing is held against it, but that the run counts as one of MAX_RUNS.
    """
    statement = held(task_id, claimed_by).values(enqueued_at=null())
    return _end_attempt(connection, statement, claimed_by, AttemptOutcome.VANISHED)


def count_crash(connection: Connection, task_id: UUID, claimed_by: str) -> CrashVerdict | None:
    """Count the death of that process against the task it held; None if it held it no longer.

    Given back, the task is unqueued as well: the relay takes it up if its message does not return.
    """
    photo = PhotoRecord
    code = FailureCode.CRASHED
    last = photo.crashes + 1 >= MAX_CRASHES
    crashed = (
        held(task_id, claimed_by)
        .values(
            crashes=photo.crashes + 1,
            enqueued_at=null(),
            status=case((last, str(TaskStatus.FAILURE)), else_=str(TaskStatus.PENDING)),
            finished_at=case((last, func.now())),
            error_code=case((last, str(code))),
            error_message=case((last, code.message)),
            postponed_since=case((last, null()), else_=photo.postponed_since),
        )
        .returning(*_OF_ENDED, photo.status)
        .cte("crashed")
    )
    ended = select(crashed.c.batch_id).where(crashed.c.status == TaskStatus.FAILURE).cte("ended")
    noted = note_attempt(crashed, claimed_by, AttemptOutcome.CRASHED)
    statement = select(crashed.c.status).add_cte(count_down(ended), noted)
    status = connection.execute(statement).scalar_one_or_none()
    if status is None:
        return None
    return CrashVerdict.GIVEN_BACK if status == TaskStatus.PENDING else CrashVerdict.ENDED


def _end_attempt(
    connection: Connection,
    update_of_photo: Update,
    claimed_by: str,
    outcome: AttemptOutcome,
    *,
    ends: bool = False,
) -> bool:
    """End the attempt of that process, and the task with it if the transition `ends` it."""
    ended = update_of_photo.returning(*_OF_ENDED).cte("ended")
    noted = note_attempt(ended, claimed_by, outcome)
    return _count(connection, ended, noted, *([count_down(ended)] if ends else [])) == 1


def _count(connection: Connection, changed: CTE, *parts: CTE) -> int:
    """How many photos the statement changed that is made of these parts."""
    statement = select(func.count()).select_from(changed).add_cte(*parts)
    return connection.execute(statement).scalar_one()
