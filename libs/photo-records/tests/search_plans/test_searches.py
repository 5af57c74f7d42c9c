"""What searches find, held against plain SQL over all photos."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from photo_domain.task_state import TaskStatus
from photo_records import bounded_read
from photo_records.batch_search import BatchFilter, batch_story, search_batches
from photo_records.bounded_read import ReadTooSlowError, UnknownPlaceError
from photo_records.photo_filter import PhotoFilter
from photo_records.photo_search import count_photos, matching_task_ids, search_photos
from photo_records.photo_story import photo_story

from .searches import SEARCHES

_PAGES, _SIZE = 4, 60


@pytest.mark.parametrize("name", SEARCHES)
async def test_a_search_finds_what_matches_page_by_page_in_its_order(
    engine: AsyncEngine, filled_url: str, name: str
) -> None:
    search = SEARCHES[name]
    condition, values = search.condition
    plain = await asyncpg.connect(filled_url)
    rows = await plain.fetch(
        f"SELECT id, task_id FROM photos WHERE {condition} ORDER BY {search.order}"
        f" LIMIT {_PAGES * _SIZE}",
        *values,
    )
    count = await plain.fetchval(f"SELECT count(*) FROM photos WHERE {condition}", *values)
    await plain.close()
    found, task_ids, after = [], [], None
    async with engine.connect() as connection:
        for _ in range(_PAGES):
            page = await search_photos(connection, search.wanted, after, _SIZE)
            same = await matching_task_ids(connection, search.wanted, after, _SIZE)
            found += [row.photo_id for row in page.rows]
            task_ids += same.task_ids
            assert page.next == same.next
            after = page.next
            if after is None:
                break
        assert found == [row["id"] for row in rows]
        assert task_ids == [row["task_id"] for row in rows]
        assert (after is None) is (count <= len(found))
        assert await count_photos(connection, search.wanted, 100) == min(count, 101)


async def test_a_photo_of_the_list_says_what_its_row_says(
    engine: AsyncEngine, filled_url: str
) -> None:
    async with engine.connect() as connection:
        wanted = PhotoFilter(status=TaskStatus.SUCCESS)
        page = await search_photos(connection, wanted, None, 1)
    [photo] = page.rows
    assert (photo.status, photo.stage, photo.thumbnail) == ("SUCCESS", "done", "thumbnail")
    plain = await asyncpg.connect(filled_url)
    row = await plain.fetchrow("SELECT * FROM photos WHERE id = $1", photo.photo_id)
    await plain.close()
    assert row
    for name in ("task_id", "batch_id", "owner", "file_name", "size", "lane", "finished_at"):
        assert getattr(photo, name) == row[name]


@pytest.mark.parametrize("prefix", ["фото 1", "ФОТО 1", "scan 1"])
async def test_a_name_is_found_however_it_is_written(engine: AsyncEngine, prefix: str) -> None:
    async with engine.connect() as connection:
        page = await search_photos(connection, PhotoFilter(name_prefix=prefix), None, 10)
    assert len(page.rows) == 10
    assert all(row.file_name.casefold().startswith(prefix.casefold()) for row in page.rows)


async def test_a_story_tells_of_renditions_and_failed_attempts(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        [made] = (
            await search_photos(connection, PhotoFilter(status=TaskStatus.SUCCESS), None, 1)
        ).rows
        [failed] = (
            await search_photos(connection, PhotoFilter(status=TaskStatus.FAILURE), None, 1)
        ).rows
        story = await photo_story(connection, made.task_id)
        assert story
        assert story.photo == made
        assert [rendition.name for rendition in story.renditions] == ["preview", "thumbnail"]
        assert (story.width, story.random_number, story.failed_attempts) == (1600, 42, ())
        story = await photo_story(connection, failed.task_id)
        assert story
        [attempt] = story.failed_attempts
        assert (attempt.outcome, attempt.attempt, attempt.claimed_by) == ("failed", 1, "worker:1")
        assert attempt.error_code == failed.error_code
        assert timedelta(seconds=1) <= attempt.duration <= timedelta(seconds=2)
        assert await photo_story(connection, uuid4()) is None


async def test_batches_are_counted_and_found_by_owner_and_time(engine: AsyncEngine) -> None:
    until = datetime.now(UTC) - timedelta(days=30)
    wanted = BatchFilter(owner="owner-0", from_time=until - timedelta(days=30), until_time=until)
    found, after = [], None
    async with engine.connect() as connection:
        while True:
            page = await search_batches(connection, wanted, after, 10)
            found += page.rows
            after = page.next
            if after is None:
                break
        counts = await connection.execute(
            text(
                "SELECT batch.id, count(*) FROM batches AS batch JOIN photos ON batch_id = batch.id"
                " WHERE batch.owner = 'owner-0' AND batch.created_at >= :since"
                " AND batch.created_at < :until GROUP BY batch.id ORDER BY batch.id DESC"
            ),
            {"since": wanted.from_time, "until": until},
        )
        assert [(row.batch_id, row.pending + row.succeeded + row.failed) for row in found] == [
            tuple(row) for row in counts
        ]
        story = await batch_story(connection, found[0].batch_id)
        assert story
        assert story.batch == found[0]
        assert [row.batch_id for row in story.photos] == [found[0].batch_id] * len(story.photos)
        assert await batch_story(connection, uuid4()) is None


@pytest.mark.parametrize("after", ["", "x", "-1", "1:", "1:a", "9" * 19, "1 OR true"])
async def test_a_place_that_is_none_is_refused(engine: AsyncEngine, after: str) -> None:
    async with engine.connect() as connection:
        with pytest.raises(UnknownPlaceError):
            await search_photos(connection, PhotoFilter(), after, 10)
        with pytest.raises(UnknownPlaceError):
            await search_batches(connection, BatchFilter(), after, 10)


@pytest.mark.parametrize("after", ["1", "x:a", ":a", "1:", "5:\0", "5:a\0b"])
async def test_a_place_of_another_order_is_refused(engine: AsyncEngine, after: str) -> None:
    async with engine.connect() as connection:
        with pytest.raises(UnknownPlaceError):
            await search_photos(connection, PhotoFilter(name_prefix="a"), after, 10)


async def test_a_read_that_takes_too_long_ends_with_a_sentence(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound = text("SELECT set_config('statement_timeout', '20ms', true)")
    monkeypatch.setattr(bounded_read, "_BOUNDED", bound)
    async with engine.connect() as connection:
        with pytest.raises(ReadTooSlowError, match="narrow it"):
            async with bounded_read.bounded_read(connection):
                await connection.execute(text("SELECT pg_sleep(60)"))
