"""How operators find photos among millions: every filter has its index, every page is a keyset.

Photos come newest first, those of a search by name in the order of their names. Every function
reads in the transaction of its connection and bounds it, see `bounded_read`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    func,
    literal,
    null,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from photo_domain.failure import FailureCode
from photo_domain.task_state import TaskStage, TaskStatus, stage_of
from photo_records.bounded_read import UnknownPlaceError, bounded_read
from photo_records.photo_filter import NAME, PhotoFilter, conditions, states
from photo_records.tables import PhotoRecord, RenditionRecord
from photo_records.task_queue import Lane

_MOST = 100
# Ids are smaller than 2**63. Names come after their ids, where they make the order; they have no
# NUL, of which the database would take nothing.
_PLACE = re.compile(r"(?P<id>[0-9]{1,18})")
_NAMED_PLACE = re.compile(rf"{_PLACE.pattern}:(?P<name>[^\0]+)")


@dataclass(frozen=True, slots=True)
class PhotoRow:
    """A photo as a list shows it."""

    photo_id: int
    task_id: UUID
    batch_id: UUID
    owner: str
    file_name: str
    content_type: str
    # In bytes.
    size: int
    lane: Lane
    status: TaskStatus
    stage: TaskStage
    attempts: int
    created_at: datetime
    # Of the attempt that is or was the last.
    started_at: datetime | None
    finished_at: datetime | None
    error_code: FailureCode | None
    # The name of the smallest rendition, None before SUCCESS: what `GetObject` takes.
    thumbnail: str | None


@dataclass(frozen=True, slots=True)
class PhotoPage:
    """A page of a list, and what to pass as `after` for the page that follows; None at its end."""

    rows: tuple[PhotoRow, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class TaskIdPage:
    """Task ids of a list, and what to pass as `after` for those that follow; None at its end."""

    task_ids: tuple[UUID, ...]
    next: str | None


# The smallest rendition's.
_THUMBNAIL = (
    select(RenditionRecord.name)
    .where(RenditionRecord.photo_id == PhotoRecord.id)
    .order_by(RenditionRecord.width * RenditionRecord.height)
    .limit(1)
    .scalar_subquery()
    .label("thumbnail")
)
PHOTO_COLUMNS = (*PhotoRecord.__table__.columns, _THUMBNAIL)


async def search_photos(
    connection: AsyncConnection, wanted: PhotoFilter, after: str | None, limit: int
) -> PhotoPage:
    """Up to `limit` photos, at most 100, that follow `after`, the `next` of the page before.

    Raises UnknownPlaceError for an `after` that is none, ReadTooSlowError.
    """
    async with bounded_read(connection):
        found, following = await _page(connection, wanted, after, limit)
        rows = await fetch_photo_rows(connection, PhotoRecord.id.in_([row.id for row in found]))
    by_id = {row.photo_id: row for row in rows}
    return PhotoPage(tuple(by_id[row.id] for row in found if row.id in by_id), following)


async def matching_task_ids(
    connection: AsyncConnection, wanted: PhotoFilter, after: str | None, limit: int
) -> TaskIdPage:
    """The same as `search_photos`, for what is to be done to all of them.

    Newest first, so photos that are uploaded meanwhile are not met, unless by name: give
    `until_time` then. What was done to the photos of one page does not change the next.
    """
    async with bounded_read(connection):
        found, following = await _page(connection, wanted, after, limit)
    return TaskIdPage(tuple(row.task_id for row in found), following)


async def count_photos(connection: AsyncConnection, wanted: PhotoFilter, most: int) -> int:
    """How many photos match; `most` + 1 where they are more than `most`.

    Raises ReadTooSlowError.
    """
    async with bounded_read(connection):
        those = await conditions(connection, wanted)
        parts = (
            select(PhotoRecord.id).where(state, *those).limit(most + 1).subquery()
            for state in states(wanted)
        )
        found = union_all(*(select(part) for part in parts)).subquery()
        count = (await connection.execute(select(func.count()).select_from(found))).scalar_one()
    return min(count, most + 1)


async def fetch_photo_rows(
    connection: AsyncConnection, condition: ColumnElement[bool]
) -> list[PhotoRow]:
    """The rows of the photos for which the condition holds, in no particular order."""
    query = select(*PHOTO_COLUMNS).where(condition)
    return [photo_row(row) for row in await connection.execute(query)]


def photo_row(row: Row[Any]) -> PhotoRow:
    """What a list shows of a row with PHOTO_COLUMNS."""
    status = TaskStatus(row.status)
    return PhotoRow(
        photo_id=row.id,
        task_id=row.task_id,
        batch_id=row.batch_id,
        owner=row.owner,
        file_name=row.file_name,
        content_type=row.content_type,
        size=row.size,
        lane=Lane(row.lane),
        status=status,
        stage=stage_of(
            status,
            leased=row.lease_expires_at is not None,
            postponed=row.next_attempt_at is not None,
        ),
        attempts=row.attempts,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        error_code=FailureCode(row.error_code) if row.error_code else None,
        thumbnail=row.thumbnail,
    )


async def _page(
    connection: AsyncConnection, wanted: PhotoFilter, after: str | None, limit: int
) -> tuple[Sequence[Row[Any]], str | None]:
    place = [] if after is None else [_place(wanted, after)]
    those = await conditions(connection, wanted)
    size = min(limit, _MOST)
    query = page_query(wanted, [*those, *place], size)
    rows = (await connection.execute(query)).all()
    if len(rows) <= size:
        return rows, None
    last = rows[size - 1]
    return rows[:size], f"{last.id}:{last.name}" if wanted.name_prefix else str(last.id)


def page_query(wanted: PhotoFilter, those: Sequence[ColumnElement[bool]], size: int) -> Select[Any]:
    """The ids of the first `size` photos, and one more to tell that there are more."""
    photo = PhotoRecord
    name = NAME if wanted.name_prefix else null()
    order = [NAME, photo.id] if wanted.name_prefix else [photo.id.desc()]
    parts = [
        select(photo.id, photo.task_id, name.label("name"))
        .where(state, *those)
        .order_by(*order)
        .limit(size + 1)
        .subquery()
        for state in states(wanted)
    ]
    found = union_all(*(select(part) for part in parts)).subquery()
    in_order = [found.c.name, found.c.id] if wanted.name_prefix else [found.c.id.desc()]
    return select(found).order_by(*in_order).limit(size + 1)


def _place(wanted: PhotoFilter, after: str) -> ColumnElement[bool]:
    place = (_NAMED_PLACE if wanted.name_prefix else _PLACE).fullmatch(after)
    if place is None:
        raise UnknownPlaceError("This place is not one of the list.")
    last = int(place["id"])
    if wanted.name_prefix:
        return tuple_(NAME, PhotoRecord.id) > tuple_(literal(place["name"]), last)
    return PhotoRecord.id < last
