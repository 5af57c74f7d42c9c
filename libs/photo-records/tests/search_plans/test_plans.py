"""Every list, filter and search reads an index, however many photos there are."""

import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from photo_records.batch_search import BatchFilter, batch_story, search_batches
from photo_records.photo_filter import PhotoFilter
from photo_records.photo_search import count_photos, matching_task_ids, search_photos
from photo_records.photo_story import photo_story
from photo_records.service_overview import lane_backlogs, storage_by_owner, throughput

from .plans import MOST_IN_VAIN, Watched, watched
from .searches import SEARCHES


async def _search(seen: Watched, wanted: PhotoFilter) -> None:
    first = await search_photos(seen.connection, wanted, None, 50)
    if first.next:
        await search_photos(seen.connection, wanted, first.next, 50)


async def _one_photo(seen: Watched) -> None:
    [photo] = (await search_photos(seen.connection, PhotoFilter(), None, 1)).rows
    assert await photo_story(seen.connection, photo.task_id)
    for wanted in (
        PhotoFilter(task_id=photo.task_id),
        PhotoFilter(photo_id=photo.photo_id),
        PhotoFilter(batch_id=photo.batch_id),
    ):
        assert photo in (await search_photos(seen.connection, wanted, None, 100)).rows


async def _batches(seen: Watched) -> None:
    first = await search_batches(seen.connection, BatchFilter(), None, 50)
    second = await search_batches(seen.connection, BatchFilter(), first.next, 50)
    oldest = second.rows[-1]
    assert await batch_story(seen.connection, oldest.batch_id)
    dated = BatchFilter(until_time=oldest.created_at, from_time=oldest.created_at - timedelta(9))
    for wanted in (dated, BatchFilter(owner="owner-0"), replace(dated, owner="owner-1")):
        assert (await search_batches(seen.connection, wanted, None, 50)).rows


async def _overview(seen: Watched) -> None:
    await lane_backlogs(seen.connection)
    await throughput(seen.connection, timedelta(hours=1), timedelta(minutes=1))
    await throughput(seen.connection, timedelta(days=1), timedelta(hours=1))


async def _storage(seen: Watched) -> None:
    assert (await storage_by_owner(seen.connection)).owners[0].owner == "owner-0"


async def _bulk(seen: Watched) -> None:
    for name in ("status", "everything", "error_code, from_time"):
        wanted = SEARCHES[name].wanted
        await matching_task_ids(seen.connection, wanted, None, 100)
        await count_photos(seen.connection, wanted, 10_000)


_MOST_IN_VAIN = {
    # Has an index of its own among what failed.
    "error_code": 0.0,
    # In the order of names, of which a fifth begin so, and few have the format.
    "common name, rare format": 0.2,
}

_OTHERS: dict[str, Callable[[Watched], Awaitable[None]]] = {
    "one photo": _one_photo,
    "batches": _batches,
    "overview": _overview,
    "storage": _storage,
    "bulk action": _bulk,
}


@pytest.mark.parametrize("name", SEARCHES)
async def test_a_search_reads_an_index(engine: AsyncEngine, name: str) -> None:
    async with watched(engine, _MOST_IN_VAIN.get(name, MOST_IN_VAIN)) as seen:
        await _search(seen, SEARCHES[name].wanted)


@pytest.mark.parametrize("name", _OTHERS)
async def test_a_page_reads_an_index(engine: AsyncEngine, name: str) -> None:
    async with watched(engine) as seen:
        await _OTHERS[name](seen)


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_everything_reads_an_index_among_a_million_photos(million: AsyncEngine) -> None:
    async def take_time(name: str, read: Callable[[Watched], Any]) -> None:
        async with watched(million, _MOST_IN_VAIN.get(name, MOST_IN_VAIN)) as seen:
            await read(seen)
        sys.stdout.write(f"{seen.seconds * 1000:7.1f} ms  {name}\n")

    for name, search in SEARCHES.items():
        await take_time(name, lambda seen, search=search: _search(seen, search.wanted))
    for name, read in _OTHERS.items():
        await take_time(name, read)
