"""Objects that no row names go after 48 hours; everything else stays."""

from typing import Any

import asyncpg
import pytest
from prometheus_client import REGISTRY

from ingest_service.sweep_counts import SweepCounts
from ingest_service.sweeper import Sweeper
from photo_domain.object_keys import new_nonce, original_key, rendition_key
from photo_domain.task_id import new_task_id


def removed(kind: str) -> float:
    labels = {"kind": kind, "reason": "orphan"}
    return REGISTRY.get_sample_value("photo_swept_objects_total", labels) or 0


async def test_orphans_go_after_48_hours_and_not_before(sweeper: Sweeper, past: Any) -> None:
    task_id = past.task_id(49)
    for _ in range(5):
        await past.original(49)
        await past.rendition(49, task_id, revision=_ + 2)
    young = {await past.original(47), await past.rendition(47, past.task_id(47))}
    before = (removed("original"), removed("rendition"))

    assert await sweeper.sweep(dry_run=False) == SweepCounts(
        orphan_originals=5, orphan_renditions=5
    )

    assert past.keys() == young
    assert (removed("original"), removed("rendition")) == (before[0] + 5, before[1] + 5)
    assert await sweeper.sweep(dry_run=False) == SweepCounts()
    assert past.keys() == young


async def test_an_object_is_as_young_as_its_name_or_its_bytes(sweeper: Sweeper, past: Any) -> None:
    new_name = await past.put(original_key(past.task_id(1), new_nonce()), 100)
    new_bytes = await past.put(original_key(past.task_id(100), new_nonce()), 1)

    assert await sweeper.sweep(dry_run=False) == SweepCounts()

    assert past.keys() == {new_name, new_bytes}


@pytest.mark.parametrize("status", ["PENDING", "SUCCESS", "FAILURE"])
async def test_what_a_row_names_stays(sweeper: Sweeper, past: Any, status: str) -> None:
    await past.photo(500, status, files=5)
    there = past.keys()

    assert await sweeper.sweep(dry_run=False) == SweepCounts(freed_keys=1)

    assert past.keys() == there


async def test_a_second_original_under_a_known_task_id_goes(sweeper: Sweeper, past: Any) -> None:
    batch = await past.photo(500, "SUCCESS")
    there = past.keys()
    await past.original(500, batch.photos[0].task_id)

    counts = await sweeper.sweep(dry_run=False)

    assert (counts.orphan_originals, counts.orphan_renditions) == (1, 0)
    assert past.keys() == there


@pytest.mark.parametrize("status", ["SUCCESS", "FAILURE"])
async def test_the_renditions_of_a_superseded_run_go_when_the_task_has_ended(
    sweeper: Sweeper, past: Any, status: str
) -> None:
    batch = await past.photo(500, status)
    there = past.keys()
    await past.rendition(100, batch.photos[0].task_id, revision=2)
    recent = await past.rendition(40, batch.photos[0].task_id, revision=7)

    counts = await sweeper.sweep(dry_run=False)

    assert counts.orphan_renditions == 1
    assert past.keys() == there | {recent}


async def test_nothing_of_a_pending_task_is_touched(sweeper: Sweeper, past: Any) -> None:
    batch = await past.photo(500, "PENDING")
    task_id = batch.photos[0].task_id
    for revision in (1, 2, 99):
        await past.rendition(400, task_id, revision)
    await past.original(400, task_id)
    there = past.keys()

    await sweeper.sweep(dry_run=False)

    assert past.keys() == there


async def test_names_that_no_service_makes_are_left_alone_and_counted(
    sweeper: Sweeper, past: Any
) -> None:
    task_id, nonce = past.task_id(500), new_nonce()
    day = original_key(task_id, nonce).split("/")[1]
    for name in (
        "originals/notes.txt",
        f"originals/{day}/{task_id}",
        f"originals/{day}/{task_id}-{nonce}/deeper",
        f"originals/20200101/{task_id}-{new_nonce()}",
        f"originals/{day}/{str(task_id).upper()}-{nonce}",
        f"originals/{day}/e06a4813-7370-41a3-bf59-73bc6045da4c-{nonce}",
        f"renditions/{day}/{task_id}/02/thumbnail",
        f"renditions/{day}/{task_id}/2/deeper/thumbnail",
        f"renditions/{day}/{task_id}-{nonce}",
    ):
        await past.put(name, 500)
    await past.put("originals/start-check", 500)
    await past.put("renditions/start-check", 500)
    await past.put("elsewhere/file", 500)
    there = past.keys()

    assert await sweeper.sweep(dry_run=False) == SweepCounts(unknown_objects=9)

    assert past.keys() == there
    assert REGISTRY.get_sample_value("photo_unknown_objects") == 9


async def test_a_dry_run_tells_the_same_counts_and_deletes_nothing(
    sweeper: Sweeper, past: Any, pool: asyncpg.Pool
) -> None:
    await past.photo(500, "SUCCESS", files=3)
    await past.original(49)
    await past.rendition(49, past.task_id(49))
    await past.put("originals/notes.txt", 500)
    there, metric = past.keys(), removed("original")

    told = await sweeper.sweep(dry_run=True)

    assert past.keys() == there
    assert removed("original") == metric
    assert await pool.fetchval("SELECT count(idempotency_key) FROM batches") == 1
    assert told == SweepCounts(
        orphan_originals=1, orphan_renditions=1, freed_keys=1, unknown_objects=1
    )
    assert await sweeper.sweep(dry_run=False) == told


async def test_unfinished_files_of_killed_writers_go_after_48_hours(
    sweeper: Sweeper, past: Any
) -> None:
    for _ in range(3):
        await past.unfinished(49)
    young = await past.unfinished(47)
    told = await sweeper.sweep(dry_run=True)
    assert len(past.keys()) == 4
    assert await sweeper.sweep(dry_run=False) == told == SweepCounts(abandoned_writes=3)
    assert past.keys() == {young}


async def test_an_empty_store_is_swept_without_a_word(sweeper: Sweeper) -> None:
    assert await sweeper.sweep(dry_run=False) == SweepCounts()


async def test_uploads_of_this_moment_are_safe(
    sweeper: Sweeper, past: Any, register: Any, claims: Any
) -> None:
    task_id = new_task_id()
    stored = {
        await past.put(original_key(task_id, new_nonce()), 0),
        await past.put(rendition_key(task_id, 2, "preview"), 0),
    }
    await register(claims.batch(2))

    assert await sweeper.sweep(dry_run=False) == SweepCounts()

    assert past.keys() == stored
