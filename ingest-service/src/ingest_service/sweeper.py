"""Sweeps: removes what nobody needs any more, one sweep at a time over all replicas."""

import asyncio
import random
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import asyncpg
import structlog
from prometheus_client import Counter, Gauge

from ingest_service.empty_batch_sweep import sweep_empty_batches
from ingest_service.orphan_sweep import OrphanSweep
from ingest_service.retention_sweep import RetentionSweep
from ingest_service.sweep_counts import SweepCounts
from photo_objects.abandoned_writes import AbandonedWrites
from photo_objects.errors import StorageUnavailableError
from photo_objects.object_lister import ObjectLister
from photo_objects.original_deleter import OriginalDeleter
from photo_records.database_errors import DATABASE_DOWN
from photo_records.sweeping import Connection, count_expired_keys, free_expired_keys, only_sweep

KEY_AGE = timedelta(hours=24)

_INTERVAL_SECONDS = 3_600.0
_FREED_AT_ONCE = 500

_OBJECTS = Counter(
    "photo_swept_objects_total", "Objects that the sweeper removed", ["kind", "reason"]
)
_PHOTOS = Counter("photo_swept_photos_total", "Photos that were removed after their retention")
_KEYS = Counter("photo_freed_idempotency_keys_total", "Idempotency keys that expired")
_UNKNOWN = Gauge(
    "photo_unknown_objects", "Objects with names that no service makes, at the last sweep"
)
_LAST_RUN = Gauge(
    "photo_last_sweep_timestamp_seconds", "When this replica last finished a whole sweep"
)

_log = structlog.get_logger(__name__)


class SweepInterruptedError(Exception):
    """The database or the storage went away; what was done is done, the next sweep goes on."""

    def __init__(self, counts: SweepCounts) -> None:
        super().__init__("The database or the storage does not answer.")
        self.counts = counts


class Sweeper:
    """Removes orphans, expired photos and empty batches, frees expired keys; safe to run twice.

    `retention` is how long photos are kept after their end; None keeps them for ever.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        lister: ObjectLister,
        deleter: OriginalDeleter,
        abandoned: AbandonedWrites,
        retention: timedelta | None,
    ) -> None:
        self._pool = pool
        self._orphans = OrphanSweep(lister, deleter, abandoned)
        self._expired = RetentionSweep(deleter)
        self._retention = retention

    async def run(self) -> None:
        """Sweep every hour or a little more often, until cancelled."""
        while True:
            # Replicas that were started together do not come in step.
            await asyncio.sleep(random.uniform(_INTERVAL_SECONDS / 2, _INTERVAL_SECONDS))  # noqa: S311
            try:
                await self.sweep(dry_run=False)
            except SweepInterruptedError:
                continue  # logged
            except Exception:  # noqa: BLE001 - whatever it is, the next sweep may find it gone
                _log.exception("sweep_broke")

    async def sweep(self, *, dry_run: bool) -> SweepCounts | None:
        """Sweep once, or only count; None where another sweep runs, so that this one did nothing.

        Raises SweepInterruptedError.
        """
        counts = SweepCounts()
        try:
            async with only_sweep(self._pool) as connection:
                if connection is None:
                    _log.info("sweep_left_to_another")
                    return None
                await self._sweep(connection, counts, dry_run=dry_run)
        except (StorageUnavailableError, *DATABASE_DOWN, asyncpg.PostgresError) as error:
            _log.warning(
                "sweep_interrupted", error=type(error).__name__, dry_run=dry_run, **asdict(counts)
            )
            raise SweepInterruptedError(counts) from error
        finally:
            if not dry_run:
                _measure(counts)
        _log.info("swept", dry_run=dry_run, **asdict(counts))
        if not dry_run:
            _UNKNOWN.set(counts.unknown_objects)
            _LAST_RUN.set_to_current_time()
        return counts

    async def _sweep(self, connection: Connection, counts: SweepCounts, *, dry_run: bool) -> None:
        now = datetime.now(UTC)
        await _free_keys(connection, now - KEY_AGE, counts, dry_run=dry_run)
        # Before the photos expire: their objects are no orphans yet, so nothing counts twice.
        await self._orphans.run(connection, now, counts, dry_run=dry_run)
        kept_since = None if self._retention is None else now - self._retention
        if kept_since is not None:
            await self._expired.run(connection, kept_since, counts, dry_run=dry_run)
        await sweep_empty_batches(connection, now - KEY_AGE, kept_since, counts, dry_run=dry_run)


async def _free_keys(
    connection: Connection, before: datetime, counts: SweepCounts, *, dry_run: bool
) -> None:
    if dry_run:
        counts.freed_keys = await count_expired_keys(connection, before)
        return
    while freed := await free_expired_keys(connection, before, _FREED_AT_ONCE):
        counts.freed_keys += freed


def _measure(counts: SweepCounts) -> None:
    _OBJECTS.labels("original", "orphan").inc(counts.orphan_originals)
    _OBJECTS.labels("rendition", "orphan").inc(counts.orphan_renditions)
    _OBJECTS.labels("original", "expired").inc(counts.expired_originals)
    _OBJECTS.labels("rendition", "expired").inc(counts.expired_renditions)
    _OBJECTS.labels("unfinished", "abandoned").inc(counts.abandoned_writes)
    _PHOTOS.inc(counts.expired_photos)
    _KEYS.inc(counts.freed_keys)
