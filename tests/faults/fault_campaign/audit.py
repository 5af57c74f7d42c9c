"""Holds what the clients were told against what is in the database and in the object store."""

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from fault_campaign.ledger import Ledger
from fault_campaign.system_under_test import SystemUnderTest
from ingest_service.orphan_sweep import OrphanSweep
from ingest_service.sweep_counts import SweepCounts
from photo_objects.abandoned_writes import AbandonedWrites
from photo_objects.object_lister import ObjectLister
from photo_objects.original_deleter import OriginalDeleter
from photo_objects.store_url import open_store
from photo_records.sweeping import only_sweep

# Every end of a task is written down by the database itself, whoever made it.
_WATCH = """
CREATE TABLE campaign_ends (task_id uuid, revision bigint, status text);
CREATE FUNCTION campaign_note_end() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO campaign_ends VALUES (NEW.task_id, NEW.revision, NEW.status);
    RETURN NULL;
END $$;
CREATE TRIGGER campaign_note_end AFTER UPDATE ON photos FOR EACH ROW
    WHEN (NEW.status <> 'PENDING' AND NEW IS DISTINCT FROM OLD)
    EXECUTE FUNCTION campaign_note_end();
"""

_PHOTOS = """
SELECT
    photo.task_id::text, photo.batch_id::text, photo.status, photo.error_code, photo.sha256,
    photo.object_key, photo.size,
    (SELECT count(*) FROM campaign_ends AS ended WHERE ended.task_id = photo.task_id) AS ends,
    ARRAY(SELECT made.object_key FROM renditions AS made WHERE made.photo_id = photo.id) AS made,
    ARRAY(SELECT made.size FROM renditions AS made WHERE made.photo_id = photo.id) AS made_sizes
FROM photos AS photo
"""

_WRONG_COUNTS = """
SELECT count(*) FROM batches AS batch
WHERE pending <> (SELECT count(*) FROM photos WHERE batch_id = batch.id AND status = 'PENDING')
"""

# Older than any object that the sweeper spares.
_LATER = timedelta(days=3)


@dataclass
class Verdict:
    """What a round came to; the counters are by fault."""

    acknowledged: Counter[str] = field(default_factory=Counter)
    # No row, or not its bytes, or a result whose objects are gone.
    lost: Counter[str] = field(default_factory=Counter)
    # More than one end of a run, or more tasks than files.
    doubled: Counter[str] = field(default_factory=Counter)
    stuck: Counter[str] = field(default_factory=Counter)
    # Every photo is valid: a FAILURE is the fault's.
    failed: Counter[str] = field(default_factory=Counter)
    details: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    # Every upload is repeated until its 202: a task that nobody was told of was made twice.
    untold: int = 0
    wrong_counts: int = 0
    orphans_left: int = 0
    swept_wrongly: int = 0


async def watch_ends(system: SystemUnderTest) -> None:
    """Let the database note every end of a task from now on."""
    connection = await asyncpg.connect(system.stack.database_url)
    try:
        await connection.execute(_WATCH)
    finally:
        await connection.close()


async def audit(system: SystemUnderTest, ledger: Ledger) -> Verdict:
    """Look at every row and every object, once nothing is going on any more, and sweep."""
    verdict = Verdict()
    photos = {row["task_id"]: row for row in await system.rows(_PHOTOS)}
    for task_id, told in ledger.acknowledged.items():
        verdict.acknowledged[told.fault] += 1
        _judge(verdict, told.fault, told.sha256, photos.get(task_id), system.objects)
    tasks_of_batches = Counter(row["batch_id"] for row in photos.values())
    for task_id, told in ledger.acknowledged.items():
        if tasks_of_batches[told.batch_id] > ledger.batches[told.batch_id]:
            verdict.doubled[told.fault] += 1
            verdict.details[told.fault].append(f"{task_id} is in a batch with too many tasks")
    verdict.untold = len(photos.keys() - ledger.acknowledged.keys())
    verdict.wrong_counts = await system.value(_WRONG_COUNTS)
    await _sweep(system)
    named = {key for row in photos.values() for key in (row["object_key"], *row["made"])}
    left = _objects(system.objects)
    verdict.orphans_left = len(left - named)
    verdict.swept_wrongly = len(named - left)
    return verdict


def _judge(
    verdict: Verdict, fault: str, sha256: bytes, row: asyncpg.Record | None, objects: Path
) -> None:
    if row is None:
        verdict.lost[fault] += 1
        verdict.details[fault].append("a row is missing")
        return
    what = f"{row['task_id']}: {row['status']} {row['error_code'] or ''}"
    if row["status"] == "PENDING":
        verdict.stuck[fault] += 1
        verdict.details[fault].append(what)
    elif row["status"] == "FAILURE":
        verdict.failed[fault] += 1
        verdict.details[fault].append(what)
    elif not row["made"] or not _is_whole(row, sha256, objects):
        verdict.lost[fault] += 1
        verdict.details[fault].append(f"{what}, but its bytes are not there")
    if row["ends"] != (row["status"] != "PENDING"):
        verdict.doubled[fault] += 1
        verdict.details[fault].append(f"{what}, ended {row['ends']} times")


def _is_whole(row: asyncpg.Record, sha256: bytes, objects: Path) -> bool:
    """Whether the original is what was sent, and each rendition as long as its row says."""
    try:
        original = (objects / row["object_key"]).read_bytes()
        sizes = [(objects / key).stat().st_size for key in row["made"]]
    except FileNotFoundError:
        return False
    return hashlib.sha256(original).digest() == sha256 and sizes == list(row["made_sizes"])


async def _sweep(system: SystemUnderTest) -> None:
    """What the sweeper does, with its clock three days ahead."""
    store = open_store(system.objects.as_uri())
    sweep = OrphanSweep(ObjectLister(store), OriginalDeleter(store), AbandonedWrites(store))
    async with (
        asyncpg.create_pool(system.stack.database_url, min_size=1, max_size=1) as pool,
        only_sweep(pool) as connection,
    ):
        assert connection is not None
        await sweep.run(connection, datetime.now(UTC) + _LATER, SweepCounts(), dry_run=False)


def _objects(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.name != "start-check"
    }
