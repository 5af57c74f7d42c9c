"""What the callers of the status service may ask about the bytes of a photo."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace

import asyncpg

from photo_domain.errors import ErrorCode, RequestError
from photo_domain.task_id import parse_task_id
from photo_objects.errors import ObjectMissingError, StorageUnavailableError
from photo_objects.object_reader import ObjectReader, OpenedObject
from photo_records.task_reads import (
    StoredObject,
    UnknownTaskError,
    find_original,
    find_rendition,
)
from status_service.task_queries import stated_database_errors
from status_service.viewer_rule import Viewer, ViewerRule

_UNKNOWN_TASK = "There is no task with this id."


class ObjectQueries:
    """Opens renditions and originals for reading, on behalf of a viewer, as the rule allows."""

    def __init__(self, pool: asyncpg.Pool, objects: ObjectReader, rule: ViewerRule) -> None:
        self._pool = pool
        self._objects = objects
        self._rule = rule

    async def open_rendition(
        self, task_id: str, name: str, viewer: Viewer
    ) -> tuple[StoredObject, OpenedObject]:
        """The rendition `name` of a task.

        Raises RequestError, the chunks too: unknown_task, unknown_object, database_unavailable,
        storage_unavailable.
        """
        stored = await self._find(task_id, name, self._rule.owner_of_known(viewer))
        return stored, await self._open(stored)

    async def open_original(
        self, task_id: str, viewer: Viewer
    ) -> tuple[StoredObject, OpenedObject]:
        """The original of a task, for its owner only: for anyone else the task is unknown.

        Raises RequestError as `open_rendition` does.
        """
        stored = await self._find(task_id, None, self._rule.owner_of_own(viewer))
        return stored, await self._open(stored)

    async def _find(self, text: str, rendition: str | None, owner: str | None) -> StoredObject:
        task_id = parse_task_id(text)
        try:
            if task_id is None:
                raise UnknownTaskError
            with stated_database_errors():
                if rendition is None:
                    stored = await find_original(self._pool, task_id, owner)
                else:
                    # Postgres takes no NUL; what stands for it is in no rendition's name.
                    name = rendition.replace("\0", "\N{REPLACEMENT CHARACTER}")
                    stored = await find_rendition(self._pool, task_id, name, owner)
        except UnknownTaskError:
            raise RequestError(ErrorCode.UNKNOWN_TASK, _UNKNOWN_TASK) from None
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
