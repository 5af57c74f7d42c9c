"""Removes objects that no row names."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from ingest_service.object_owner import task_of_object
from ingest_service.sweep_counts import SweepCounts
from photo_domain.object_keys import ORIGINALS, RENDITIONS
from photo_domain.task_id import birth_of
from photo_objects.abandoned_writes import AbandonedWrites
from photo_objects.object_lister import ListedObject, ObjectLister
from photo_objects.original_deleter import OriginalDeleter
from photo_objects.storage_probe import PROBE_NAME
from photo_records.sweeping import Connection, OwnedObjects, owned_objects

# Far above the 6 h within which a task id can still be registered (photo_domain.task_id): an object
# of this age gets no row any more.
ORPHAN_AGE = timedelta(hours=48)

# How many names of unknown objects one log line shows, and how much of each.
_SHOWN_NAMES = 10
_SHOWN_LENGTH = 200
_PROBES = frozenset(f"{folder}/{PROBE_NAME}" for folder in (ORIGINALS, RENDITIONS))

_log = structlog.get_logger(__name__)


class OrphanSweep:
    """Goes through all originals and renditions, page by page."""

    def __init__(
        self, lister: ObjectLister, deleter: OriginalDeleter, abandoned: AbandonedWrites
    ) -> None:
        self._lister = lister
        self._deleter = deleter
        self._abandoned = abandoned

    async def run(
        self, connection: Connection, now: datetime, counts: SweepCounts, *, dry_run: bool
    ) -> None:
        """Remove what no row names and what is older than 48 h at `now`, or only count it.

        Raises StorageUnavailableError and what asyncpg raises.
        """
        unknown: list[str] = []
        for folder in (ORIGINALS, RENDITIONS):
            async for page in self._lister.pages(folder):
                names = _unknown_names(page)
                counts.unknown_objects += len(names)
                unknown += names[: _SHOWN_NAMES - len(unknown)]
                orphans = await _orphans(connection, page, now)
                if orphans and not dry_run:
                    await self._deleter.delete(orphans)
                if folder == ORIGINALS:
                    counts.orphan_originals += len(orphans)
                else:
                    counts.orphan_renditions += len(orphans)
            counts.abandoned_writes += await self._abandoned.remove(
                folder, now - ORPHAN_AGE, dry_run=dry_run
            )
        if unknown:
            _log.warning(
                "unknown_objects_left_alone",
                objects=counts.unknown_objects,
                examples=[name[:_SHOWN_LENGTH] for name in unknown],
            )


def _unknown_names(page: Sequence[ListedObject]) -> list[str]:
    return [
        listed.key
        for listed in page
        if listed.key not in _PROBES and task_of_object(listed.key) is None
    ]


async def _orphans(
    connection: Connection, page: Sequence[ListedObject], now: datetime
) -> list[str]:
    old: dict[str, UUID] = {}
    for listed in page:
        task_id = task_of_object(listed.key)
        # Both: a copy or restored volume has new times and old names, a retry the other way round.
        if task_id and max(listed.modified_at, birth_of(task_id)) < now - ORPHAN_AGE:
            old[listed.key] = task_id
    if not old:
        return []
    owned = await owned_objects(connection, set(old.values()))
    return [key for key, task_id in old.items() if _is_orphan(key, owned.get(task_id))]


def _is_orphan(key: str, owned: OwnedObjects | None) -> bool:
    return owned is None or not (owned.pending or key in owned.keys)
