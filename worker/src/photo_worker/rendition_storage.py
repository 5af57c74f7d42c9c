"""Storing the renditions of one run, all or none."""

from collections.abc import Sequence

import structlog

from photo_domain.object_keys import rendition_key
from photo_objects.errors import ObjectExistsError, StorageUnavailableError
from photo_objects.rendition_writer import RenditionWriter
from photo_records.photo_result import StoredRendition
from photo_records.task_claims import ClaimedTask
from photo_worker.processing.photo_in_process import Rendition

_log = structlog.get_logger(__name__)


class RenditionStorage:
    """Keeps renditions under keys that only this run can write: they carry its revision."""

    def __init__(self, writer: RenditionWriter) -> None:
        self._writer = writer

    def store(self, claim: ClaimedTask, renditions: Sequence[Rendition]) -> list[StoredRendition]:
        """Store them all; after an error none is left, as far as the storage answers.

        Raises StorageUnavailableError.
        """
        stored: list[StoredRendition] = []
        try:
            for rendition in renditions:
                row = _row_of(claim, rendition)
                # First the row: a put whose answer was lost has to be removed as well.
                stored.append(row)
                self._create(row.object_key, rendition)
        except Exception:
            self.remove(stored)
            raise
        return stored

    def remove(self, stored: Sequence[StoredRendition]) -> None:
        """Remove what `store` stored, or leave it to the sweeper: no row names it."""
        try:
            self._writer.delete([rendition.object_key for rendition in stored])
        except StorageUnavailableError:
            _log.warning("renditions_left_behind", count=len(stored))

    def _create(self, key: str, rendition: Rendition) -> None:
        try:
            self._writer.create(key, rendition.data, rendition.content_type)
        except ObjectExistsError:
            # A put that was repeated because its first answer was lost.
            _log.info("rendition_exists", name=rendition.name)


def _row_of(claim: ClaimedTask, rendition: Rendition) -> StoredRendition:
    return StoredRendition(
        name=rendition.name,
        width=rendition.width,
        height=rendition.height,
        content_type=rendition.content_type,
        size=len(rendition.data),
        object_key=rendition_key(claim.task_id, claim.revision, rendition.name),
    )
