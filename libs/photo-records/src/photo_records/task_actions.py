"""What people do to a task: retry it, cancel it, delete its photo.

Every function is one statement, atomic by itself. `owner` is whose photo it has to be; None acts
on every photo, as an operator may. Somebody else's photo is unknown, like one that is not there.
"""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from photo_domain.failure import FailureCode
from photo_domain.task_state import TaskStatus
from photo_records.failed_attempts import AttemptOutcome, noted_of
from photo_records.named_objects import PhotoObjects, objects_of, rendition_keys_of
from photo_records.outbox import OutboxTask, outbox_task
from photo_records.registration import Connection
from photo_records.task_reads import UnknownTaskError


@dataclass(frozen=True, slots=True)
class DeletedPhoto:
    """Where a photo belonged, and its objects, which no row names any more."""

    batch_id: UUID
    owner: str
    objects: PhotoObjects


class WrongStatusError(Exception):
    """The task has a status in which this cannot be done; nothing was changed."""

    def __init__(self, status: TaskStatus) -> None:
        super().__init__(status)
        self.status = status


# Locked before it is judged: whoever else changes the photo at this moment comes first or later.
# After such a wait Postgres holds the CHECKs first against the row as it was before the wait: so
# every column that a state needs is set, and counts start from the row that was locked.
_SEEN = """
WITH seen AS (
    SELECT
        id, status, attempts, revision, started_at, claimed_by, lease_expires_at
    FROM photos
    WHERE task_id = $1 AND ($2::text IS NULL OR owner = $2)
    FOR UPDATE
)"""

# The photo's row is locked before the batch's, as in every statement that writes both: they cannot
# deadlock.
_COUNTED = """
counted AS (
    UPDATE batches SET pending = locked.pending {change}
    FROM (
        SELECT batch.id, batch.pending FROM batches AS batch
        JOIN changed ON batch.id = changed.batch_id
        {condition}
        FOR UPDATE OF batch
    ) AS locked
    WHERE batches.id = locked.id
)"""
_COUNTED_UP = _COUNTED.format(change="+ 1", condition="")
_COUNTED_DOWN = _COUNTED.format(change="- 1", condition="")
_COUNTED_DOWN_IF_PENDING = _COUNTED.format(
    change="- 1", condition="WHERE changed.status = 'PENDING'"
)

_RETRY = f"""{_SEEN},
changed AS (
    UPDATE photos
    SET status = 'PENDING', revision = photos.revision + 1, changed_at = now(),
        attempts = 0, crashes = 0, postponements = 0, postponed_since = NULL,
        enqueued_at = NULL, next_attempt_at = NULL,
        started_at = NULL, lease_expires_at = NULL, claimed_by = NULL,
        finished_at = NULL, error_code = NULL, error_message = NULL,
        traceparent = coalesce(photos.traceparent, $3::text)
    FROM seen
    WHERE photos.id = seen.id AND seen.status = 'FAILURE'
    RETURNING photos.id, photos.task_id, photos.batch_id, photos.lane, photos.traceparent
),{_COUNTED_UP}
SELECT
    seen.status, changed.id, changed.task_id, changed.batch_id, changed.lane, changed.traceparent
FROM seen LEFT JOIN changed ON changed.id = seen.id
"""  # noqa: S608 - made of constants

_CANCEL = f"""{_SEEN},
changed AS (
    UPDATE photos
    SET status = 'FAILURE', revision = photos.revision + 1, changed_at = now(), finished_at = now(),
        error_code = $3, error_message = $4,
        lease_expires_at = NULL, claimed_by = NULL, next_attempt_at = NULL, postponed_since = NULL
    FROM seen
    WHERE photos.id = seen.id AND seen.status = 'PENDING'
    RETURNING photos.id, photos.batch_id
),
noted AS ({noted_of("seen", AttemptOutcome.CANCELLED, "$3")}),{_COUNTED_DOWN}
SELECT seen.status, changed.id FROM seen LEFT JOIN changed ON changed.id = seen.id
"""  # noqa: S608 - made of constants

# Renditions that a run commits while this waits for the photo's row are not seen here: their rows
# go with the photo's, their objects with the sweeper.
_DELETE = f"""
WITH changed AS (
    DELETE FROM photos
    WHERE task_id = $1 AND ($2::text IS NULL OR owner = $2)
    RETURNING id, batch_id, owner, status, object_key
),{_COUNTED_DOWN_IF_PENDING}
SELECT
    changed.batch_id, changed.owner, changed.object_key,
    {rendition_keys_of("changed")} AS rendition_keys
FROM changed
"""  # noqa: S608 - made of constants


async def retry_task(
    connection: Connection, task_id: UUID, owner: str | None, traceparent: str | None = None
) -> OutboxTask:
    """Bring a task from FAILURE back to PENDING as a new run; what to publish for it.

    The run belongs to the trace of the upload; `traceparent` names one where it has none.

    Raises UnknownTaskError, WrongStatusError.
    """
    return outbox_task(await _change(connection, _RETRY, task_id, owner, traceparent))


async def cancel_task(connection: Connection, task_id: UUID, owner: str | None) -> None:
    """End a PENDING task in FAILURE `cancelled`; a run of it that is under way changes nothing.

    Raises UnknownTaskError, WrongStatusError.
    """
    code = FailureCode.CANCELLED
    await _change(connection, _CANCEL, task_id, owner, code, code.message)


async def delete_photo(connection: Connection, task_id: UUID, owner: str | None) -> DeletedPhoto:
    """Delete the photo and its renditions, in whatever state; what it was.

    Committed when this returns, unless the caller began a transaction. Raises UnknownTaskError.
    """
    row = await connection.fetchrow(_DELETE, task_id, owner)
    if row is None:
        raise UnknownTaskError
    return DeletedPhoto(row["batch_id"], row["owner"], objects_of(row))


async def _change(
    connection: Connection, statement: str, task_id: UUID, owner: str | None, *values: str | None
) -> asyncpg.Record:
    row = await connection.fetchrow(statement, task_id, owner, *values)
    if row is None:
        raise UnknownTaskError
    if row["id"] is None:
        raise WrongStatusError(TaskStatus(row["status"]))
    return row
