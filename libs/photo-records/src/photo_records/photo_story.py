"""All that is known about one photo."""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from photo_domain.failure import FailureCode
from photo_records.bounded_read import bounded_read
from photo_records.failed_attempts import AttemptOutcome, FailedAttemptRecord
from photo_records.photo_search import PHOTO_COLUMNS, PhotoRow, photo_row
from photo_records.tables import PhotoRecord, RenditionRecord


@dataclass(frozen=True, slots=True)
class RenditionRow:
    """A smaller copy of a photo."""

    name: str
    width: int
    height: int
    content_type: str
    # In bytes.
    size: int


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """An attempt that ended otherwise than in SUCCESS."""

    # Counted from 1 in each run; a retry begins a new run.
    attempt: int
    # The revision of its claim; it rises over all runs.
    revision: int
    started_at: datetime
    # When it was noticed, for an attempt whose worker was gone.
    ended_at: datetime
    # The process that had it.
    claimed_by: str | None
    outcome: AttemptOutcome
    # Where the task ended with it in FAILURE.
    error_code: FailureCode | None

    @property
    def duration(self) -> timedelta:
        """From the claim to the end."""
        return self.ended_at - self.started_at


@dataclass(frozen=True, slots=True)
class PhotoStory:
    """A photo, its task, its renditions (largest first) and its failed attempts (oldest first).

    Of the attempts the newest 100.
    """

    photo: PhotoRow
    sha256: bytes
    object_key: str
    # The place in the upload, from 0.
    position: int
    revision: int
    changed_at: datetime
    crashes: int
    postponements: int
    enqueued_at: datetime | None
    next_attempt_at: datetime | None
    lease_expires_at: datetime | None
    # While a worker has it.
    claimed_by: str | None
    # Which made it a SUCCESS.
    finished_by: str | None
    postponed_since: datetime | None
    error_message: str | None
    # All None unless the task ended in SUCCESS.
    format: str | None
    width: int | None
    height: int | None
    random_number: int | None
    # In seconds.
    processing_time: float | None
    pages: int | None
    orientation: int | None
    taken_at: str | None
    camera: dict[str, Any] | None
    dominant_color: str | None
    thumbhash: bytes | None
    phash: str | None
    step_seconds: dict[str, float] | None
    renditions: tuple[RenditionRow, ...]
    failed_attempts: tuple[FailedAttempt, ...]


_AS_STORED = tuple(
    field.name
    for field in fields(PhotoStory)
    if field.name not in {"photo", "renditions", "failed_attempts"}
)


async def photo_story(connection: AsyncConnection, task_id: UUID) -> PhotoStory | None:
    """The story of the photo with this task id, if there is one. Raises ReadTooSlowError."""
    photo, made, attempt = PhotoRecord, RenditionRecord, FailedAttemptRecord
    async with bounded_read(connection):
        query = select(*PHOTO_COLUMNS).where(photo.task_id == task_id)
        row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        renditions = await connection.execute(
            select(*(getattr(made, field.name) for field in fields(RenditionRow)))
            .where(made.photo_id == row.id)
            .order_by((made.width * made.height).desc())
        )
        attempts = await connection.execute(
            select(*(getattr(attempt, field.name) for field in fields(FailedAttempt)))
            .where(attempt.photo_id == row.id)
            .order_by(attempt.revision)
        )
        return PhotoStory(
            photo=photo_row(row),
            **{name: getattr(row, name) for name in _AS_STORED},
            renditions=tuple(RenditionRow(*values) for values in renditions),
            failed_attempts=tuple(map(_failed_attempt, attempts)),
        )


def _failed_attempt(row: Row[Any]) -> FailedAttempt:
    told = row._asdict()
    told["outcome"] = AttemptOutcome(row.outcome)
    told["error_code"] = FailureCode(row.error_code) if row.error_code else None
    return FailedAttempt(**told)
