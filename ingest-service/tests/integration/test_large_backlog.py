"""A long backlog of healthy tasks is published once, however long it waits. Time passes by SQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from ingest_service import celery_broker
from ingest_service.celery_broker import CeleryBroker
from ingest_service.outbox_relay import OutboxRelay
from ingest_service.paused_lanes import PausedLanes
from ingest_service.task_publisher import TaskMessage
from photo_domain.task_id import new_task_id
from photo_records.outbox import NOTHING_WAITS
from photo_records.registration import NewBatch, NewPhoto, insert_batches, mark_enqueued
from photo_records.task_queue import Lane

TASKS = 20_000
BATCH = 100
# Rows of one transaction, messages of one round trip: as in the service.
GROUP = 1_000


def new_batch(lane: Lane) -> NewBatch:
    batch_id = new_task_id()
    photos = tuple(
        NewPhoto(
            task_id=(task_id := new_task_id()),
            file_name="a.jpg",
            content_type="image/jpeg",
            size=1000,
            sha256=bytes(32),
            object_key=f"originals/20260101/{task_id}-{'0' * 32}",
            position=position,
        )
        for position in range(BATCH)
    )
    return NewBatch(batch_id, "owner", str(batch_id), bytes(32), [], lane, photos)


@pytest.fixture
async def relays(
    pool: asyncpg.Pool, redis_url: str, open_broker: Callable[[str], CeleryBroker]
) -> AsyncIterator[list[OutboxRelay]]:
    """Two replicas."""
    brokers = [open_broker(redis_url) for _ in range(2)]
    brokers[0].remember()
    relays = [
        OutboxRelay(pool, broker, PausedLanes(pool), lambda _change: None) for broker in brokers
    ]
    yield relays
    for relay in relays:
        relay._thread.shutdown()


@pytest.fixture
def queue(redis_url: str, open_queue: Any) -> Any:
    return open_queue(redis_url)


@pytest.fixture
async def backlog(
    pool: asyncpg.Pool, redis_url: str, open_broker: Callable[[str], CeleryBroker]
) -> None:
    """Tasks of both lanes, registered, with the broker and marked so."""
    broker = open_broker(redis_url)
    lanes = list(Lane)
    batches = [new_batch(lanes[number % len(lanes)]) for number in range(TASKS // BATCH)]
    for start in range(0, len(batches), GROUP // BATCH):
        group = batches[start : start + GROUP // BATCH]
        async with pool.acquire() as connection:
            assert len(await insert_batches(connection, group)) == len(group)
        messages = [
            TaskMessage(photo.task_id, batch.lane, str(batch.batch_id), "")
            for batch in group
            for photo in batch.photos
        ]
        await asyncio.to_thread(broker.publish, messages)
        await mark_enqueued(pool, [message.task_id for message in messages])


@pytest.fixture
def pass_time(pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Awaitable[None]]:
    """Lets half an hour pass for every task and every message."""
    passed = timedelta()
    published_at = celery_broker._published_at

    def published_before(message: bytes | None) -> datetime | None:
        time = published_at(message)
        return time and (time if time == NOTHING_WAITS else time - passed)

    monkeypatch.setattr(celery_broker, "_published_at", published_before)

    async def pass_half_an_hour() -> None:
        nonlocal passed
        passed += timedelta(minutes=30)
        await pool.execute(
            "UPDATE photos SET created_at = created_at - interval '30 minutes',"
            " enqueued_at = enqueued_at - interval '30 minutes'"
        )

    return pass_half_an_hour


def waiting(queue: Any) -> int:
    return sum(queue.client.llen(lane) for lane in Lane)


@pytest.mark.usefixtures("backlog")
async def test_a_backlog_of_20000_healthy_tasks_is_never_published_again(
    pool: asyncpg.Pool,
    relays: list[OutboxRelay],
    queue: Any,
    pass_time: Callable[[], Awaitable[None]],
) -> None:
    assert waiting(queue) == TASKS
    for _ in range(3):
        await pass_time()
        assert await relays[0].relay_once() == 0
        assert await asyncio.gather(*(relay.relay_once() for relay in relays)) == [0, 0]
    assert waiting(queue) == TASKS

    # Workers come to a part of each lane: some tasks end, others are being worked on.
    for lane in Lane:
        taken = [message["headers"]["id"] for message in queue.messages(lane)[:4_000]]
        queue.client.rpop(lane, len(taken))
        await pool.execute(
            "UPDATE photos SET attempts = 1, revision = 2, started_at = now(),"
            " lease_expires_at = now() + interval '1 hour', claimed_by = 'worker:1'"
            " WHERE task_id = ANY($1)",
            taken[:10],
        )
        await pool.execute(
            "UPDATE photos SET attempts = 1, revision = 3, started_at = now(),"
            " status = 'FAILURE', finished_at = now(), error_code = 'internal', error_message = ''"
            " WHERE task_id = ANY($1)",
            taken[10:],
        )
    left = waiting(queue)
    assert left == TASKS - 8_000
    for _ in range(2):
        await pass_time()
        assert await asyncio.gather(*(relay.relay_once() for relay in relays)) == [0, 0]
    assert waiting(queue) == left
