"""Deletes photos: the row first, the objects after the commit."""

import asyncio

import asyncpg
import structlog

from ingest_service.asked_task import asked_task_id, known_task
from ingest_service.change_publisher import TellChange
from ingest_service.database_connection import connected_for_change
from ingest_service.viewer import Viewer
from photo_objects.errors import StorageUnavailableError
from photo_objects.original_deleter import OriginalDeleter
from photo_records.named_objects import PhotoObjects
from photo_records.task_actions import delete_photo
from photo_records.task_changes import TaskChange

# How long a caller waits for a storage that is slow.
_STORAGE_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class PhotoDeleter:
    """Removes photos in whatever state; a run that is under way comes to nothing."""

    def __init__(self, pool: asyncpg.Pool, objects: OriginalDeleter, tell: TellChange) -> None:
        self._pool = pool
        self._objects = objects
        self._tell = tell

    async def delete(self, task_id: str, viewer: Viewer) -> None:
        """Delete the photo; objects that the storage keeps for now are left to the sweeper.

        Raises RequestError: unknown_task, database_unavailable, outcome_unknown.
        """
        asked = asked_task_id(task_id)
        async with connected_for_change(self._pool) as connection:
            with known_task():
                gone = await delete_photo(connection, asked, viewer.owner)
        self._tell(TaskChange(asked, gone.batch_id, gone.owner, deleted=True))
        _log.info("photo_deleted", task_id=str(asked), operator=viewer.operator)
        await self._delete_objects(str(asked), gone.objects)

    async def _delete_objects(self, task_id: str, gone: PhotoObjects) -> None:
        try:
            async with asyncio.timeout(_STORAGE_SECONDS):
                await self._objects.delete([gone.original_key, *gone.rendition_keys])
        except (StorageUnavailableError, TimeoutError) as error:
            _log.warning("objects_left_to_sweeper", task_id=task_id, error=type(error).__name__)
