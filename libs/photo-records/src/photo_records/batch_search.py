"""How operators find batches."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, join, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from photo_domain.task_state import TaskStatus
from photo_records.bounded_read import UnknownPlaceError, bounded_read
from photo_records.photo_search import PHOTO_COLUMNS, PhotoRow, photo_row
from photo_records.tables import BatchRecord, PhotoRecord

_MOST = 100


@dataclass(frozen=True, slots=True)
class BatchFilter:
    """All that is not None has to hold; without anything it is every batch."""

    batch_id: UUID | None = None
    owner: str | None = None
    # When the batch was registered: from the first moment on, and before the second.
    from_time: datetime | None = None
    until_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch as a list shows it."""

    batch_id: UUID
    owner: str
    created_at: datetime
    # Photos that are still there, by the status of their tasks.
    pending: int
    succeeded: int
    failed: int
    # Files that were refused.
    rejected: int


@dataclass(frozen=True, slots=True)
class BatchPage:
    """A page of a list, and what to pass as `after` for the page that follows; None at its end."""

    rows: tuple[BatchRow, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class BatchStory:
    """A batch, its refused files and its photos in the order of the upload, at most 100."""

    batch: BatchRow
    # None once the key has expired.
    idempotency_key: str | None
    # [{"position", "file_name", "errors": [{"code", "detail"}]}].
    rejected: list[dict[str, Any]]
    photos: tuple[PhotoRow, ...]


# Of one batch there are at most 100 photos.
_COUNTED = (
    select(
        *(
            func.count().filter(PhotoRecord.status == status).label(status.lower())
            for status in (TaskStatus.SUCCESS, TaskStatus.FAILURE)
        )
    )
    .where(PhotoRecord.batch_id == BatchRecord.id)
    .lateral("counted")
)
_BATCHES = select(BatchRecord.__table__, _COUNTED).select_from(join(BatchRecord, _COUNTED, true()))


async def search_batches(
    connection: AsyncConnection, wanted: BatchFilter, after: str | None, limit: int
) -> BatchPage:
    """Up to `limit` batches, at most 100, newest first, that follow `after`.

    Raises UnknownPlaceError for an `after` that is none, ReadTooSlowError.
    """
    size = min(limit, _MOST)
    query = batches_query(wanted, after, size)
    async with bounded_read(connection):
        rows = (await connection.execute(query)).all()
    following = str(rows[size - 1].id) if len(rows) > size else None
    return BatchPage(tuple(map(_batch_row, rows[:size])), following)


async def batch_story(connection: AsyncConnection, batch_id: UUID) -> BatchStory | None:
    """The story of the batch with this id, if there is one. Raises ReadTooSlowError."""
    async with bounded_read(connection):
        batch = await connection.execute(_BATCHES.where(BatchRecord.id == batch_id))
        row = batch.one_or_none()
        if row is None:
            return None
        photos = await connection.execute(
            select(*PHOTO_COLUMNS)
            .where(PhotoRecord.batch_id == batch_id)
            .order_by(PhotoRecord.position)
        )
        return BatchStory(
            _batch_row(row), row.idempotency_key, row.rejected, tuple(map(photo_row, photos))
        )


def batches_query(wanted: BatchFilter, after: str | None, size: int) -> Select[Any]:
    """The first `size` batches, and one more to tell that there are more."""
    batch = BatchRecord
    # Ids are made when batches are registered, and rise with the time: RFC 9562 5.7.
    conditions = []
    if wanted.batch_id:
        conditions.append(batch.id == wanted.batch_id)
    if wanted.owner is not None:
        conditions.append(batch.owner == wanted.owner)
    if wanted.from_time:
        conditions.append(batch.id >= _first_id(wanted.from_time))
    if wanted.until_time:
        conditions.append(batch.id < _first_id(wanted.until_time))
    if after is not None:
        conditions.append(batch.id < _place(after))
    return _BATCHES.where(*conditions).order_by(batch.id.desc()).limit(size + 1)


def _first_id(time: datetime) -> UUID:
    """The smallest that can be made at that time."""
    milliseconds = int(time.timestamp() * 1000)
    return UUID(int=max(0, min(milliseconds, 2**48 - 1)) << 80)


def _place(after: str) -> UUID:
    try:
        return UUID(after)
    except ValueError:
        raise UnknownPlaceError("This place is not one of the list.") from None


def _batch_row(row: Row[Any]) -> BatchRow:
    return BatchRow(
        batch_id=row.id,
        owner=row.owner,
        created_at=row.created_at,
        pending=row.pending,
        succeeded=row.success,
        failed=row.failure,
        rejected=len(row.rejected),
    )
