"""`python -m ingest_service sweep`: tells what a sweep did or would do."""

from ingest_service.sweep_counts import SweepCounts
from ingest_service.sweeper import Sweeper, SweepInterruptedError


async def sweep_by_hand(sweeper: Sweeper, *, dry_run: bool) -> tuple[str, int]:
    """Sweep once; the text for the person who asked, and the exit code."""
    try:
        counts = await sweeper.sweep(dry_run=dry_run)
    except SweepInterruptedError as error:
        told = _told(error.counts, dry_run=dry_run)
        return f"Interrupted: the database or the storage does not answer. Until then:\n{told}", 1
    if counts is None:
        return "Another sweep is running; this one did nothing.", 0
    return _told(counts, dry_run=dry_run), 0


def _told(counts: SweepCounts, *, dry_run: bool) -> str:
    removed, freed = ("Would remove", "Would free") if dry_run else ("Removed", "Freed")
    return f"""\
{removed} objects without a row, older than 48 h: {counts.orphan_originals} originals,\
 {counts.orphan_renditions} renditions,\
 {counts.abandoned_writes} unfinished files
{removed} photos past RETENTION_DAYS: {counts.expired_photos}, with {counts.expired_originals}\
 originals and {counts.expired_renditions} renditions
{removed} batches without a photo, older than 24 h: {counts.empty_batches}
{freed} expired idempotency keys: {counts.freed_keys}
Left alone, names unknown: {counts.unknown_objects} objects"""
