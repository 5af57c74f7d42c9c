"""How tasks and their objects are read."""

import json
from collections.abc import Callable

import asyncpg
import pytest

from photo_domain.task_id import new_task_id
from photo_records.registration import NewBatch, NewPhoto, insert_batches
from photo_records.task_reads import (
    StoredObject,
    UnknownTaskError,
    fetch_tasks,
    find_original,
    find_rendition,
)


@pytest.fixture
async def photos(pool: asyncpg.Pool, make_batch: Callable[..., NewBatch]) -> tuple[NewPhoto, ...]:
    """Three registered photos."""
    batch = make_batch(3)
    async with pool.acquire() as connection:
        await insert_batches(connection, [batch])
    return batch.photos


@pytest.fixture
async def done(pool: asyncpg.Pool, photos: tuple[NewPhoto, ...]) -> NewPhoto:
    """The first photo, processed: two renditions, the smaller one written first."""
    task_id = photos[0].task_id
    await pool.execute(
        "UPDATE photos SET status = 'SUCCESS', finished_at = now(), format = 'jpeg',"
        " width = 1600, height = 1000, random_number = 42, processing_time = 0.25"
        " WHERE task_id = $1",
        task_id,
    )
    await pool.executemany(
        "INSERT INTO renditions SELECT id, $2, $3, $4, 'image/webp', $5, $6"
        " FROM photos WHERE task_id = $1",
        [
            (task_id, "thumbnail", 320, 200, 100, "renditions/t"),
            (task_id, "preview", 1280, 800, 1000, "renditions/p"),
        ],
    )
    return photos[0]


async def test_the_tasks_that_exist_are_read_each_once(
    pool: asyncpg.Pool, photos: tuple[NewPhoto, ...]
) -> None:
    asked = [photos[0].task_id, photos[2].task_id, new_task_id(), photos[0].task_id]
    rows = await fetch_tasks(pool, asked)
    assert sorted(row["task_id"] for row in rows) == sorted({asked[0], asked[1]})


async def test_nothing_asked_is_nothing_read(
    pool: asyncpg.Pool, photos: tuple[NewPhoto, ...]
) -> None:
    assert await fetch_tasks(pool, []) == []


async def test_a_done_task_has_its_renditions_largest_first(
    pool: asyncpg.Pool, done: NewPhoto
) -> None:
    [row] = await fetch_tasks(pool, [done.task_id])
    assert json.loads(row["renditions"]) == [
        ["preview", 1280, 800, "image/webp", 1000],
        ["thumbnail", 320, 200, "image/webp", 100],
    ]


async def test_a_done_task_has_what_the_photo_tells_of_itself(
    pool: asyncpg.Pool, done: NewPhoto
) -> None:
    await pool.execute(
        "UPDATE photos SET pages = 3, orientation = 6, taken_at = '2026-05-01T12:30:15',"
        """ camera = '{"iso": 100}', dominant_color = '#0a141e', thumbhash = '\\x0001',"""
        """ phash = '0123456789abcdef', step_seconds = '{"probe": 0.5}' WHERE task_id = $1""",
        done.task_id,
    )
    [row] = await fetch_tasks(pool, [done.task_id])
    assert (row["pages"], row["orientation"], row["taken_at"]) == (3, 6, "2026-05-01T12:30:15")
    assert (row["dominant_color"], row["phash"]) == ("#0a141e", "0123456789abcdef")
    assert row["thumbhash"] == b"\0\1"
    assert json.loads(row["camera"]) == {"iso": 100}
    assert json.loads(row["step_seconds"]) == {"probe": 0.5}


async def test_a_task_that_is_not_done_has_no_renditions(
    pool: asyncpg.Pool, done: NewPhoto
) -> None:
    await pool.execute(
        "UPDATE photos SET status = 'PENDING', finished_at = NULL, format = NULL, width = NULL,"
        " height = NULL, random_number = NULL, processing_time = NULL"
    )
    [row] = await fetch_tasks(pool, [done.task_id])
    assert row["renditions"] is None


async def test_a_rendition_is_found_by_its_name(pool: asyncpg.Pool, done: NewPhoto) -> None:
    assert await find_rendition(pool, done.task_id, "thumbnail") == StoredObject(
        "owner", "photo 0.jpg", "renditions/t", "image/webp", 100
    )


async def test_a_name_that_a_task_does_not_have_is_no_rendition(
    pool: asyncpg.Pool, photos: tuple[NewPhoto, ...], done: NewPhoto
) -> None:
    assert await find_rendition(pool, done.task_id, "poster") is None
    assert await find_rendition(pool, photos[1].task_id, "thumbnail") is None


async def test_an_original_is_found(pool: asyncpg.Pool, photos: tuple[NewPhoto, ...]) -> None:
    assert await find_original(pool, photos[1].task_id) == StoredObject(
        "owner", "photo 1.jpg", photos[1].object_key, "image/jpeg", 1001
    )


async def test_an_id_without_a_photo_is_an_unknown_task(
    pool: asyncpg.Pool, photos: tuple[NewPhoto, ...]
) -> None:
    with pytest.raises(UnknownTaskError):
        await find_original(pool, new_task_id())
    with pytest.raises(UnknownTaskError):
        await find_rendition(pool, new_task_id(), "thumbnail")
