"""How tasks, batches and the objects of photos are read.

`owner` is whose they have to be; None reads everybody's. What is somebody else's is unknown, like
what is not there.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from photo_domain.task_state import TaskStatus

# One row a task; its renditions as [[name, width, height, content_type, size], …], largest first.
_TASKS = """
SELECT
    photo.task_id, photo.batch_id, photo.id, photo.owner, photo.file_name, photo.content_type,
    photo.size, photo.status, photo.revision, photo.changed_at, photo.attempts, photo.created_at,
    photo.started_at, photo.finished_at, photo.next_attempt_at, photo.lease_expires_at,
    photo.error_code, photo.error_message, photo.format, photo.width, photo.height,
    photo.random_number, photo.processing_time, photo.pages, photo.orientation, photo.taken_at,
    photo.camera, photo.dominant_color, photo.thumbhash, photo.phash, photo.step_seconds,
    CASE photo.status WHEN 'SUCCESS' THEN (
        SELECT json_agg(
            json_build_array(
                made.name, made.width, made.height, made.content_type, made.size
            ) ORDER BY made.width * made.height DESC
        )
        FROM renditions AS made
        WHERE made.photo_id = photo.id
    ) END AS renditions
FROM photos AS photo
"""

_TASKS_BY_ID = (
    f"{_TASKS} WHERE photo.task_id = ANY($1::uuid[]) AND ($2::text IS NULL OR photo.owner = $2)"
)
_TASKS_AND_BATCHES = (
    f"{_TASKS} WHERE photo.task_id = ANY($1::uuid[]) OR photo.batch_id = ANY($2::uuid[])"
)
_TASKS_OF_BATCH = f"{_TASKS} WHERE photo.batch_id = $1 ORDER BY photo.position"

_PAGE = f"{_TASKS} WHERE photo.owner = $1 AND photo.id < $2 ORDER BY photo.id DESC LIMIT $3"
_PAGE_OF_STATUS = (
    f"{_TASKS} WHERE photo.owner = $1 AND photo.status = $4 AND photo.id < $2"
    " ORDER BY photo.id DESC LIMIT $3"
)

_BATCH = """
SELECT id, owner, created_at, rejected FROM batches
WHERE id = $1 AND ($2::text IS NULL OR owner = $2)
"""

_RENDITION = """
SELECT photo.owner, photo.file_name, made.object_key, made.content_type, made.size
FROM photos AS photo
LEFT JOIN renditions AS made ON made.photo_id = photo.id AND made.name = $2
WHERE photo.task_id = $1 AND ($3::text IS NULL OR photo.owner = $3)
"""

_ORIGINAL = """
SELECT owner, file_name, object_key, content_type, size FROM photos
WHERE task_id = $1 AND ($2::text IS NULL OR owner = $2)
"""

_BEFORE_NONE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object of a photo and what it is."""

    owner: str
    file_name: str
    object_key: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch; `rejected` is JSON text as `tables.BatchRecord` describes it."""

    batch_id: UUID
    owner: str
    created_at: datetime
    rejected: str


class UnknownTaskError(Exception):
    """No photo has this task id."""


async def fetch_tasks(
    pool: asyncpg.Pool, task_ids: Sequence[UUID], owner: str | None = None
) -> list[asyncpg.Record]:
    """The rows of the tasks that exist, each once, in no particular order."""
    return await pool.fetch(_TASKS_BY_ID, task_ids, owner)


async def fetch_tasks_and_batches(
    pool: asyncpg.Pool, task_ids: Collection[UUID], batch_ids: Collection[UUID]
) -> list[asyncpg.Record]:
    """The rows of these tasks and of all tasks of these batches, each once, in no order."""
    return await pool.fetch(_TASKS_AND_BATCHES, list(task_ids), list(batch_ids))


async def fetch_tasks_of_batch(pool: asyncpg.Pool, batch_id: UUID) -> list[asyncpg.Record]:
    """The rows of the tasks of a batch, at most 100, in the order of the upload."""
    return await pool.fetch(_TASKS_OF_BATCH, batch_id)


async def fetch_page(
    pool: asyncpg.Pool, owner: str, status: TaskStatus | None, before: int | None, limit: int
) -> list[asyncpg.Record]:
    """Up to `limit` rows of the tasks of an owner, newest first, of one status if not None.

    `before` is the `id` of the last row of the page before, None for the first page.
    """
    start = _BEFORE_NONE if before is None else before
    if status is None:
        return await pool.fetch(_PAGE, owner, start, limit)
    return await pool.fetch(_PAGE_OF_STATUS, owner, start, limit, status)


async def find_batch(
    pool: asyncpg.Pool, batch_id: UUID, owner: str | None = None
) -> StoredBatch | None:
    """The batch with this id, if there is one."""
    row = await pool.fetchrow(_BATCH, batch_id, owner)
    return StoredBatch(*row) if row else None


async def find_rendition(
    pool: asyncpg.Pool, task_id: UUID, name: str, owner: str | None = None
) -> StoredObject | None:
    """The rendition `name` of a task, None if it has no such one. Raises UnknownTaskError."""
    return _stored_object(await pool.fetchrow(_RENDITION, task_id, name, owner))


async def find_original(
    pool: asyncpg.Pool, task_id: UUID, owner: str | None = None
) -> StoredObject | None:
    """The original of a task. Raises UnknownTaskError."""
    return _stored_object(await pool.fetchrow(_ORIGINAL, task_id, owner))


def _stored_object(row: asyncpg.Record | None) -> StoredObject | None:
    if row is None:
        raise UnknownTaskError
    return StoredObject(*row) if row["object_key"] is not None else None
