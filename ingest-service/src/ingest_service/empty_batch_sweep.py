"""Removes batches that are of no use to anybody: without a photo, and with an expired key."""

from datetime import datetime
from uuid import UUID

from ingest_service.sweep_counts import SweepCounts
from photo_records.sweeping import Connection, delete_batches, empty_batches

# Rows of one statement.
_PAGE_ROWS = 200

_FIRST_BATCH = UUID(int=0)


async def sweep_empty_batches(
    connection: Connection,
    keys_expired_before: datetime,
    photos_ended_before: datetime | None,
    counts: SweepCounts,
    *,
    dry_run: bool,
) -> None:
    """Remove batches born before the first time that have no photo left, or count them.

    A dry run counts those too whose photos all ended before the second time: they would be gone.
    Raises what asyncpg raises.
    """
    batch_id: UUID | None = _FIRST_BATCH
    while batch_id is not None:
        batches = await empty_batches(
            connection, batch_id, keys_expired_before, photos_ended_before, _PAGE_ROWS
        )
        count = len(batches.empty)
        if count and not dry_run:
            count = await delete_batches(connection, batches.empty)
        counts.empty_batches += count
        batch_id = batches.next_after
