"""What operators look for among all photos, as conditions that the indexes of `tables` can answer.

Photos are read in the order of their ids, newest first: that is the order of their births, and of
most indexes. Values that decide on a partial index are written into the statement.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal_column, text, true
from sqlalchemy.ext.asyncio import AsyncConnection

from photo_domain.failure import FailureCode
from photo_domain.file_format import FileFormat
from photo_domain.task_state import TaskStatus
from photo_records.tables import PhotoRecord
from photo_records.task_queue import Lane


@dataclass(frozen=True, slots=True)
class PhotoFilter:
    """All that is not None has to hold; without anything it is every photo."""

    status: TaskStatus | None = None
    # Only a FAILURE has one.
    error_code: FailureCode | None = None
    # As the uploader named it and the first bytes confirmed it.
    format: FileFormat | None = None
    lane: Lane | None = None
    # Only what is PENDING while nobody works on it.
    waiting: bool = False
    # When the photo was registered: from the first moment on, and before the second.
    from_time: datetime | None = None
    until_time: datetime | None = None
    owner: str | None = None
    batch_id: UUID | None = None
    # How the file's name begins, in any case of letters. Photos come in the order of their names.
    name_prefix: str | None = None
    # Of the original, 32 bytes.
    sha256: bytes | None = None
    task_id: UUID | None = None
    photo_id: int | None = None


# The name as its index has it: in the order of its bytes.
NAME: ColumnElement[str] = func.lower(PhotoRecord.file_name).collate("C")

# Ids and times of birth rise together, but for transactions that ran side by side.
_SIDE_BY_SIDE = timedelta(minutes=1)

# The first id whose photo was born at that time or later: the ids are halved until it is found.
_FIRST_BORN = text("""
WITH RECURSIVE halving (low, high) AS (
    SELECT coalesce(min(id), 1), coalesce(max(id), 0) + 1 FROM photos
    UNION ALL
    SELECT
        CASE WHEN probe.created_at < :time THEN probe.id + 1 ELSE low END,
        CASE WHEN probe.created_at < :time THEN high ELSE middle END
    FROM (SELECT low, high, (low + high) / 2 AS middle FROM halving WHERE low < high) AS half,
    LATERAL (
        SELECT id, created_at FROM photos WHERE id >= half.middle ORDER BY id LIMIT 1
    ) AS probe
)
SELECT max(low) FROM halving
""")


def _is_status(status: TaskStatus) -> ColumnElement[bool]:
    """Whether the task has the status."""
    return PhotoRecord.status == literal_column(f"'{status}'")


_HAS_ENDED: ColumnElement[bool] = PhotoRecord.status != literal_column(f"'{TaskStatus.PENDING}'")


def states(wanted: PhotoFilter) -> list[ColumnElement[bool]]:
    """The states to look for the photos in, one after the other."""
    given = {
        *([wanted.status] if wanted.status else []),
        *([TaskStatus.FAILURE] if wanted.error_code else []),
        *([TaskStatus.PENDING] if wanted.waiting else []),
    }
    if given:
        return [and_(*map(_is_status, sorted(given)))]
    # These are indexed of what has ended, and looked for among what has not.
    if wanted.lane or wanted.format or wanted.sha256 or wanted.name_prefix:
        return [_HAS_ENDED, _is_status(TaskStatus.PENDING)]
    return [true()]


async def conditions(connection: AsyncConnection, wanted: PhotoFilter) -> list[ColumnElement[bool]]:
    """What has to hold of the photos, but for their states."""
    born = [condition async for condition in _born(connection, wanted)]
    return [*_equalities(wanted), *_others(wanted), *born]


def _equalities(wanted: PhotoFilter) -> Iterator[ColumnElement[bool]]:
    photo = PhotoRecord
    values = (
        (photo.id, wanted.photo_id),
        (photo.task_id, wanted.task_id),
        (photo.batch_id, wanted.batch_id),
        (photo.sha256, wanted.sha256),
        (photo.owner, wanted.owner),
        (photo.error_code, wanted.error_code),
        (photo.content_type, wanted.format and wanted.format.content_type),
        (photo.lane, wanted.lane),
    )
    return (column == value for column, value in values if value is not None)


def _others(wanted: PhotoFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.waiting:
        yield PhotoRecord.lease_expires_at.is_(None)
    if wanted.name_prefix:
        first = func.lower(wanted.name_prefix)
        # No name goes on with the last character of all, which stands for nothing.
        yield and_(first <= NAME, first.concat("\U0010ffff") > NAME)


async def _born(
    connection: AsyncConnection, wanted: PhotoFilter
) -> AsyncIterator[ColumnElement[bool]]:
    photo = PhotoRecord
    if wanted.from_time:
        yield photo.created_at >= wanted.from_time
        yield photo.id >= await _first_born(connection, wanted.from_time - _SIDE_BY_SIDE)
    if wanted.until_time:
        yield photo.created_at < wanted.until_time
        yield photo.id < await _first_born(connection, wanted.until_time + _SIDE_BY_SIDE)


async def _first_born(connection: AsyncConnection, time: datetime) -> int:
    return int((await connection.execute(_FIRST_BORN, {"time": time})).scalar_one())
