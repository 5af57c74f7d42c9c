"""What ingest-service does seldom, with its own role."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from photo_domain.task_id import new_task_id
from photo_records import paused_lanes, registration, sweeping
from photo_records.asyncpg_pool import open_pool
from photo_records.service_roles import ServiceRole
from photo_records.task_queue import Lane

_TOMORROW = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
async def ingest_pool(databases: Any, database_url: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(databases.url_for(ServiceRole.INGEST, database_url), 2)
    yield pool
    await pool.close()


async def test_it_may_sweep(ingest_pool: asyncpg.Pool, make_batch: Any) -> None:
    batch = make_batch(2)
    async with ingest_pool.acquire() as connection:
        await registration.insert_batches(connection, [batch])
    task_ids = [photo.task_id for photo in batch.photos]
    async with sweeping.only_sweep(ingest_pool) as connection:
        assert connection
        assert set(await sweeping.owned_objects(connection, task_ids)) == set(task_ids)
        assert await sweeping.count_expired_keys(connection, _TOMORROW) == 1
        assert await sweeping.free_expired_keys(connection, _TOMORROW, 10) == 1
        page = await sweeping.ended_photos(connection, 0, _TOMORROW, 10)
        assert await sweeping.delete_photos(connection, [*page.expired], _TOMORROW) == []
        assert await sweeping.delete_batches(connection, [batch.batch_id, new_task_id()]) == 0
        await registration.delete_batches(connection, [batch.batch_id])
        assert await sweeping.owned_objects(connection, task_ids) == {}


async def test_it_may_pause_lanes_and_resume_them(ingest_pool: asyncpg.Pool) -> None:
    async with ingest_pool.acquire() as connection:
        assert await paused_lanes.pause_lane(connection, Lane.BULK, "ann")
        assert not await paused_lanes.pause_lane(connection, Lane.BULK, "bob")
        assert await paused_lanes.resume_lane(connection, Lane.BULK)
