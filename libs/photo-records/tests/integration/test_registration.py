"""How batches are written and found again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from uuid import UUID

import asyncpg
import pytest

from photo_domain.task_id import new_task_id
from photo_records.registration import (
    Connection,
    KnownTaskError,
    NewBatch,
    RegisteredBatch,
    find_batches,
    insert_batches,
    mark_enqueued,
    registered_keys,
)
from photo_records.task_queue import Lane


@pytest.fixture
async def connection(pool: asyncpg.Pool) -> AsyncIterator[Connection]:
    async with pool.acquire() as connection:
        yield connection


async def test_one_statement_writes_many_batches(
    connection: Connection, make_batch: Callable[..., NewBatch]
) -> None:
    batches = [make_batch(count) for count in (3, 1, 100)]
    before = await connection.fetchval("SELECT pg_current_xact_id()::text::bigint")
    born = await insert_batches(connection, batches)
    after = await connection.fetchval("SELECT pg_current_xact_id()::text::bigint")
    assert after - before == 2  # the insert's transaction and the question's own
    assert born.keys() == {batch.batch_id for batch in batches}
    assert await connection.fetchval("SELECT count(*) FROM photos") == 104


async def test_what_was_given_is_what_is_stored(
    connection: Connection, make_batch: Callable[..., NewBatch]
) -> None:
    rejected = [{"position": 1, "file_name": "ä.gif", "errors": [{"code": "c", "detail": "d"}]}]
    batch = make_batch(1, owner="Ödön", rejected=rejected, lane=Lane.BULK)
    born = await insert_batches(connection, [batch])
    row = await connection.fetchrow("SELECT * FROM photos")
    photo = batch.photos[0]
    registered = born[batch.batch_id]
    assert {name: row[name] for name in photo.__slots__} == {
        name: getattr(photo, name) for name in photo.__slots__
    }
    assert (row["owner"], row["lane"], row["batch_id"]) == ("Ödön", "bulk", batch.batch_id)
    assert (row["status"], row["revision"], row["attempts"]) == ("PENDING", 1, 0)
    assert row["enqueued_at"] is None
    assert row["created_at"] == registered.created_at
    stored = await connection.fetchrow("SELECT *, rejected->0->>'file_name' AS name FROM batches")
    assert (stored["id"], stored["owner"], stored["pending"]) == (batch.batch_id, "Ödön", 1)
    assert (stored["fingerprint"], stored["name"]) == (b"f" * 32, "ä.gif")
    assert registered.fingerprint == b"f" * 32


async def test_database_ids_rise_in_the_order_of_the_positions(
    connection: Connection, make_batch: Callable[..., NewBatch]
) -> None:
    batches = [
        replace(batch, photos=tuple(reversed(batch.photos)))
        for batch in (make_batch(50), make_batch(50))
    ]
    born = await insert_batches(connection, batches)
    for batch in batches:
        photos = born[batch.batch_id].photos
        ids = [photo.photo_id for photo in photos]
        assert ids == sorted(ids)
        assert [(photo.task_id, photo.position) for photo in photos] == [
            (photo.task_id, photo.position)
            for photo in sorted(batch.photos, key=lambda photo: photo.position)
        ]


async def test_a_key_that_was_used_before_is_left_out_and_the_others_are_written(
    connection: Connection, make_batch: Callable[..., NewBatch]
) -> None:
    first = make_batch(2, idempotency_key="key")
    await insert_batches(connection, [first])
    again, other = make_batch(2, idempotency_key="key"), make_batch(1)
    born = await insert_batches(connection, [again, other])
    assert born.keys() == {other.batch_id}
    assert await connection.fetchval("SELECT count(*) FROM photos") == 3


async def test_the_same_key_twice_in_one_call_is_written_once(
    connection: Connection, make_batch: Callable[..., NewBatch]
) -> None:
    first, second = (make_batch(1, idempotency_key="key") for _ in range(2))
    born = await insert_batches(connection, [first, second])
    assert len(born) == 1
    assert await connection.fetchval("SELECT count(*) FROM photos") == 1


async def test_two_owners_may_use_the_same_key(
    connection: Connection, make_batch: Callable[..., NewBatch]
) -> None:
    batches = [make_batch(1, owner=owner, idempotency_key="key") for owner in ("a", "b")]
    assert len(await insert_batches(connection, batches)) == 2


async def test_a_repeated_batch_with_the_same_task_ids_is_left_out_not_refused(
    connection: Connection, make_batch: Callable[..., NewBatch]
) -> None:
    batch = make_batch(2, idempotency_key="key")
    await insert_batches(connection, [batch])
    assert await insert_batches(connection, [replace(batch, batch_id=new_task_id())]) == {}


async def test_a_known_task_is_refused_and_nothing_is_written(
    connection: Connection, make_batch: Callable[..., NewBatch]
) -> None:
    known = make_batch(1)
    await insert_batches(connection, [known])
    with pytest.raises(KnownTaskError):
        await insert_batches(connection, [make_batch(2), make_batch(1, photos=known.photos)])
    assert await connection.fetchval("SELECT count(*) FROM photos") == 1
    assert await connection.fetchval("SELECT count(*) FROM batches") == 1


async def test_of_two_calls_with_one_key_at_once_one_writes(
    pool: asyncpg.Pool, make_batch: Callable[..., NewBatch]
) -> None:
    async def insert() -> dict[UUID, RegisteredBatch]:
        async with pool.acquire() as connection:
            return await insert_batches(connection, [make_batch(3, idempotency_key="key")])

    born = await asyncio.gather(*[insert() for _ in range(4)])
    assert sum(map(len, born)) == 1
    assert await pool.fetchval("SELECT count(*) FROM photos") == 3


async def test_batches_are_found_by_owner_and_key(
    connection: Connection, make_batch: Callable[..., NewBatch]
) -> None:
    batches = [
        make_batch(3, owner="a", idempotency_key="x"),
        make_batch(1, owner="a", idempotency_key="y"),
        make_batch(2, owner="b", idempotency_key="x"),
    ]
    born = await insert_batches(connection, batches)
    found = await find_batches(connection, [("a", "x"), ("b", "x"), ("b", "y")])
    assert found == {
        ("a", "x"): born[batches[0].batch_id],
        ("b", "x"): born[batches[2].batch_id],
    }


async def test_a_batch_that_is_asked_for_twice_has_its_photos_once(
    connection: Connection, make_batch: Callable[..., NewBatch]
) -> None:
    batch = make_batch(2, owner="a", idempotency_key="x")
    born = await insert_batches(connection, [batch])
    found = await find_batches(connection, [("a", "x"), ("a", "x")])
    assert found == {("a", "x"): born[batch.batch_id]}


async def test_a_batch_that_lost_a_photo_tells_the_places_of_the_others(
    connection: Connection, make_batch: Callable[..., NewBatch]
) -> None:
    batch = make_batch(3, owner="a", idempotency_key="x")
    await insert_batches(connection, [batch])
    await connection.execute("DELETE FROM photos WHERE position = 1")
    found = await find_batches(connection, [("a", "x")])
    assert [(photo.task_id, photo.position) for photo in found["a", "x"].photos] == [
        (batch.photos[0].task_id, 0),
        (batch.photos[2].task_id, 2),
    ]


async def test_a_batch_whose_photos_are_gone_is_still_found(
    connection: Connection, make_batch: Callable[..., NewBatch]
) -> None:
    batch = make_batch(1, owner="a", idempotency_key="x")
    await insert_batches(connection, [batch])
    await connection.execute("DELETE FROM photos")
    found = await find_batches(connection, [("a", "x")])
    assert found["a", "x"].photos == ()


async def test_enqueued_rows_are_marked_once(
    pool: asyncpg.Pool, make_batch: Callable[..., NewBatch]
) -> None:
    batch = make_batch(2)
    async with pool.acquire() as connection:
        await insert_batches(connection, [batch])
    first, second = (photo.task_id for photo in batch.photos)
    await mark_enqueued(pool, [first])
    marked = await pool.fetch("SELECT task_id, enqueued_at FROM photos ORDER BY position")
    assert marked[0]["enqueued_at"] is not None
    assert marked[1]["enqueued_at"] is None
    await mark_enqueued(pool, [first, second])
    again = await pool.fetch("SELECT task_id, enqueued_at FROM photos ORDER BY position")
    assert again[0] == marked[0]
    assert again[1]["enqueued_at"] is not None


async def test_rows_that_ended_are_not_marked(
    pool: asyncpg.Pool, make_batch: Callable[..., NewBatch]
) -> None:
    batch = make_batch(1)
    async with pool.acquire() as connection:
        await insert_batches(connection, [batch])
    await pool.execute(
        "UPDATE photos SET status = 'FAILURE', finished_at = now(), error_code = 'cancelled',"
        " error_message = 'x'"
    )
    await mark_enqueued(pool, [batch.photos[0].task_id])
    assert await pool.fetchval("SELECT enqueued_at FROM photos") is None


async def test_the_originals_of_photos_are_known(
    pool: asyncpg.Pool, make_batch: Callable[..., NewBatch]
) -> None:
    batch = make_batch(2)
    async with pool.acquire() as connection:
        await insert_batches(connection, [batch])
    mine, other = batch.photos
    asked = [mine.task_id, new_task_id()]
    assert await registered_keys(pool, asked) == {mine.object_key}
    assert await registered_keys(pool, [mine.task_id, other.task_id]) == {
        mine.object_key,
        other.object_key,
    }


async def test_the_database_refuses_what_it_cannot_store_and_writes_nothing(
    connection: Connection, make_batch: Callable[..., NewBatch]
) -> None:
    rejected = [{"position": 1, "file_name": "a\0b", "errors": []}]
    with pytest.raises(asyncpg.PostgresError):
        await insert_batches(connection, [make_batch(1), make_batch(1, rejected=rejected)])
    assert await connection.fetchval("SELECT count(*) FROM batches") == 0
