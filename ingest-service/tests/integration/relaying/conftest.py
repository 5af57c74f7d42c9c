"""A relay, photos for it, and a look into the queue."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from ingest_service.celery_broker import CeleryBroker
from ingest_service.outbox_relay import OutboxRelay
from ingest_service.paused_lanes import PausedLanes
from photo_domain.task_id import new_task_id

Photos = Callable[..., Awaitable[list[str]]]


@pytest.fixture
async def relay(
    pool: asyncpg.Pool, redis_url: str, open_broker: Callable[[str], CeleryBroker]
) -> AsyncIterator[OutboxRelay]:
    broker = open_broker(redis_url)
    broker.remember()
    relay = OutboxRelay(pool, broker, PausedLanes(pool), lambda _change: None)
    yield relay
    relay._thread.shutdown()


@pytest.fixture
def photos(
    register: Any, claims: Any, pool: asyncpg.Pool, database: Any, eventually: Any
) -> Photos:
    """Registers photos that are with the broker, then changes their rows; their task ids."""

    async def make(count: int, **columns: str) -> list[str]:
        owner = str(new_task_id())
        batch = await register(claims.batch(count, owner=owner))
        # The registrar of these tests publishes to a broker that takes everything.
        await eventually(lambda: database.queued_of(owner))
        values = {"enqueued_at": "now()", **columns}
        await pool.execute(
            f"UPDATE photos SET {', '.join(f'{name} = {sql}' for name, sql in values.items())}"
            " WHERE batch_id = $1",
            batch.batch_id,
        )
        return [str(photo.task_id) for photo in batch.photos]

    return make


@pytest.fixture
def queue(redis_url: str, open_queue: Any) -> Any:
    return open_queue(redis_url)
