"""Removes photos that were kept long enough: their rows first, their objects after the commit."""

from collections.abc import Sequence
from datetime import datetime

from ingest_service.sweep_counts import SweepCounts
from photo_objects.original_deleter import OriginalDeleter
from photo_records.named_objects import PhotoObjects
from photo_records.sweeping import Connection, delete_photos, ended_photos

# Rows of one statement.
_PAGE_ROWS = 200
# What stores delete in one request (S3: DeleteObjects).
_DELETED_AT_ONCE = 1_000

_FIRST_PHOTO = 0


class RetentionSweep:
    """Goes through photos from the oldest on, page by page."""

    def __init__(self, deleter: OriginalDeleter) -> None:
        self._deleter = deleter

    async def run(
        self, connection: Connection, before: datetime, counts: SweepCounts, *, dry_run: bool
    ) -> None:
        """Remove the photos that ended before that time, or count them.

        Objects that an interruption leaves behind are orphans for a later sweep. Raises
        StorageUnavailableError and what asyncpg raises.
        """
        photo_id: int | None = _FIRST_PHOTO
        while photo_id is not None:
            photos = await ended_photos(connection, photo_id, before, _PAGE_ROWS)
            gone = list(photos.expired.values())
            if gone and not dry_run:
                gone = await delete_photos(connection, list(photos.expired), before)
            counts.expired_photos += len(gone)
            await self._remove_objects(gone, counts, dry_run=dry_run)
            photo_id = photos.next_after

    async def _remove_objects(
        self, photos: Sequence[PhotoObjects], counts: SweepCounts, *, dry_run: bool
    ) -> None:
        originals = [photo.original_key for photo in photos]
        renditions = [key for photo in photos for key in photo.rendition_keys]
        keys = originals + renditions
        for start in range(0, 0 if dry_run else len(keys), _DELETED_AT_ONCE):
            await self._deleter.delete(keys[start : start + _DELETED_AT_ONCE])
        counts.expired_originals += len(originals)
        counts.expired_renditions += len(renditions)
