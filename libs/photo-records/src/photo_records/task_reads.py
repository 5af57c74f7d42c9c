"""How a task is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

# One row a task; its renditions as [[name, width, height, content_type, size], …], largest first.
_TASKS = """
SELECT
    photo.task_id, photo.batch_id, photo.id, photo.owner, photo.file_name, photo.content_type,
    photo.size, photo.status, photo.revision, photo.attempts, photo.created_at, photo.started_at,
    photo.finished_at, photo.next_attempt_at, photo.lease_expires_at, photo.error_code,
    photo.error_message, photo.format, photo.width, photo.height, photo.random_number,
    photo.processing_time, photo.pages, photo.orientation, photo.taken_at, photo.camera,
    photo.dominant_color, photo.thumbhash, photo.phash, photo.step_seconds,
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
WHERE photo.task_id = ANY($1::uuid[])
"""

_RENDITION = """
SELECT photo.owner, photo.file_name, made.object_key, made.content_type, made.size
FROM photos AS photo
LEFT JOIN renditions AS made ON made.photo_id = photo.id AND made.name = $2
WHERE photo.task_id = $1
"""

_ORIGINAL = """
SELECT owner, file_name, object_key, content_type, size FROM photos WHERE task_id = $1
"""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object of a photo and what it is."""

    owner: str
    file_name: str
    object_key: str
    content_type: str
    size: int


class UnknownTaskError(Exception):
    """No photo has this task id."""


async def fetch_tasks(pool: asyncpg.Pool, task_ids: Sequence[UUID]) -> list[asyncpg.Record]:
    """The rows of the tasks that exist, each once, in no particular order."""
    return await pool.fetch(_TASKS, task_ids)


async def find_rendition(pool: asyncpg.Pool, task_id: UUID, name: str) -> StoredObject | None:
    """The rendition `name` of a task, None if it has no such one. Raises UnknownTaskError."""
    return _stored_object(await pool.fetchrow(_RENDITION, task_id, name))


async def find_original(pool: asyncpg.Pool, task_id: UUID) -> StoredObject | None:
    """The original of a task. Raises UnknownTaskError."""
    return _stored_object(await pool.fetchrow(_ORIGINAL, task_id))


def _stored_object(row: asyncpg.Record | None) -> StoredObject | None:
    if row is None:
        raise UnknownTaskError
    return StoredObject(*row) if row["object_key"] is not None else None
