"""What the callers of the status service may ask about the bytes of a photo."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace

import asyncpg

from photo_domain.errors import ErrorCode, RequestError
from photo_domain.task_id import parse_task_id
from photo_objects.errors import ObjectMissingError, StorageUnavailableError
from photo_objects.object_reader import ObjectReader, OpenedObject
from photo_records.database_errors import DATABASE_DOWN
from photo_records.task_reads import (
    StoredObject,
    UnknownTaskError,
    find_original,
    find_rendition,
)

_UNKNOWN_TASK = "There is no task with this id."


class ObjectQueries:
    """Opens renditions and originals for reading."""

    def __init__(self, pool: asyncpg.Pool, objects: ObjectReader) -> None:
        self._pool = pool
        self._objects = objects

    async def open_rendition(self, task_id: str, name: str) -> tuple[StoredObject, OpenedObject]:
        """The rendition `name` of a task.

        Raises RequestError, the chunks too: unknown_task, unknown_object, database_unavailable,
        storage_unavailable.
        """
        stored = await self._find(task_id, name)
        return stored, await self._open(stored)

    async def open_original(self, task_id: str, owner: str) -> tuple[StoredObject, OpenedObject]:
        """The original of a task, for its owner only: for anyone else the task is unknown.

        Raises RequestError as `open_rendition` does.
        """
        stored = await self._find(task_id, None)
        if not owner or stored.owner != owner:
            raise RequestError(ErrorCode.UNKNOWN_TASK, _UNKNOWN_TASK)
        return stored, await self._open(stored)

    async def _find(self, text: str, rendition: str | None) -> StoredObject:
        task_id = parse_task_id(text)
        try:
            if task_id is None:
                raise UnknownTaskError
            if rendition is None:
                stored = await find_original(self._pool, task_id)
            else:
                # Postgres takes no NUL; what stands for it is in no rendition's name.
                name = rendition.replace("\0", "\N{REPLACEMENT CHARACTER}")
                stored = await find_rendition(self._pool, task_id, name)
        except UnknownTaskError:
            raise RequestError(ErrorCode.UNKNOWN_TASK, _UNKNOWN_TASK) from None
        except DATABASE_DOWN as error:
            raise RequestError(
                ErrorCode.DATABASE_UNAVAILABLE, "The database does not answer; try again soon."
            ) from error
        if stored is None:
            raise RequestError(ErrorCode.UNKNOWN_OBJECT, "The task has no such rendition.")
        return stored

    async def _open(self, stored: StoredObject) -> OpenedObject:
        with _stated_errors():
            opened = await self._objects.open(stored.object_key)
        return replace(opened, chunks=_stated(opened.chunks))


async def _stated(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    with _stated_errors():
        async for chunk in chunks:
            yield chunk


@contextmanager
def _stated_errors() -> Iterator[None]:
    """State what storage raises as a refusal that the caller may read."""
    try:
        yield
    except ObjectMissingError as error:
        raise RequestError(ErrorCode.UNKNOWN_OBJECT, "The stored file is gone.") from error
    except StorageUnavailableError as error:
        raise RequestError(
            ErrorCode.STORAGE_UNAVAILABLE, "The storage does not answer; try again soon."
        ) from error
