"""A relay beside others, and a relay in trouble. Time passes by SQL."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from ingest_service import outbox_relay
from ingest_service.celery_broker import CeleryBroker
from ingest_service.outbox_relay import OutboxRelay
from ingest_service.paused_lanes import PausedLanes
from ingest_service.task_publisher import BrokerUnavailableError
from photo_records import asyncpg_pool
from photo_records.database_errors import DATABASE_DOWN
from photo_records.task_queue import Lane

Photos = Callable[..., Awaitable[list[str]]]

LONG_AGO = "now() - interval '10 minutes'"


async def test_many_relays_share_the_work_and_publish_nothing_twice(
    pool: asyncpg.Pool,
    redis_url: str,
    open_broker: Callable[[str], CeleryBroker],
    photos: Photos,
    queue: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox_relay, "_GROUP", 7)
    brokers = [open_broker(redis_url) for _ in range(4)]
    brokers[0].remember()
    task_ids = await photos(90, enqueued_at="NULL", created_at=LONG_AGO)
    relays = [
        OutboxRelay(pool, broker, PausedLanes(pool), lambda _change: None) for broker in brokers
    ]
    counts = await asyncio.gather(*(relay.relay_once() for relay in relays))
    assert sum(counts) == 90
    assert sorted(queue.task_ids(Lane.BULK)) == sorted(task_ids)
    for relay in relays:
        relay._thread.shutdown()


async def test_what_a_relay_that_stands_still_has_locked_another_one_publishes(
    pool: asyncpg.Pool,
    relay: OutboxRelay,
    database_url: str,
    redis_url: str,
    open_broker: Callable[[str], CeleryBroker],
    photos: Photos,
    queue: Any,
    eventually: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asyncpg_pool, "_TRANSACTION_SECONDS", 1)
    task_ids = await photos(3, enqueued_at="NULL", created_at=LONG_AGO)
    broker, reached, woken = open_broker(redis_url), threading.Event(), threading.Event()
    publish = broker.publish

    def stand_still(messages: Any) -> None:
        reached.set()
        woken.wait(20)
        publish(messages)

    monkeypatch.setattr(broker, "publish", stand_still)
    async with await asyncpg_pool.open_pool(database_url, 2) as own_pool:
        still = OutboxRelay(own_pool, broker, PausedLanes(own_pool), lambda _change: None)
        looking = asyncio.create_task(still.relay_once())
        await eventually(reached.is_set)
        await eventually(relay.relay_once)
        assert queue.task_ids(Lane.INTERACTIVE) == task_ids
        woken.set()
        with pytest.raises((asyncpg.PostgresError, *DATABASE_DOWN)):
            await looking
        still._thread.shutdown()
    # It has published them too, which is harmless, and changed no row.
    assert await pool.fetchval("SELECT count(*) FROM photos WHERE revision = 1") == 3


async def test_without_a_broker_everything_stays_due(
    pool: asyncpg.Pool, open_broker: Callable[[str], CeleryBroker], photos: Photos, database: Any
) -> None:
    await photos(2, enqueued_at="NULL", created_at=LONG_AGO)
    relay = OutboxRelay(
        pool, open_broker("redis://127.0.0.1:1/0"), PausedLanes(pool), lambda _change: None
    )
    with pytest.raises(BrokerUnavailableError):
        await relay.relay_once()
    assert await database.unqueued() == 2
    relay._thread.shutdown()


@pytest.fixture
async def run_relay(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., None]]:
    """Lets relays look without rest, until the end of the test."""
    monkeypatch.setattr(outbox_relay, "_TICK_SECONDS", 0.01)
    monkeypatch.setattr(outbox_relay, "_LONGEST_PAUSE_SECONDS", 0.02)
    running: list[asyncio.Task[None]] = []
    yield lambda relay: running.append(asyncio.create_task(relay.run()))
    for each in running:
        each.cancel()
    await asyncio.wait(running)


@pytest.mark.parametrize("earlier_failures", [0, 5_000], ids=["a moment", "hours"])
async def test_the_relay_goes_on_after_its_broker_was_away(
    relay: OutboxRelay,
    run_relay: Callable[[OutboxRelay], None],
    photos: Photos,
    database: Any,
    eventually: Any,
    monkeypatch: pytest.MonkeyPatch,
    earlier_failures: int,
) -> None:
    outages = iter([BrokerUnavailableError(), RuntimeError("a bug"), OSError()])
    remembers = relay._broker.remembers

    def troubled() -> bool:
        for outage in outages:
            raise outage
        return remembers()

    monkeypatch.setattr(relay._broker, "remembers", troubled)
    relay._failures = earlier_failures
    await photos(2, enqueued_at="NULL", created_at=LONG_AGO)
    run_relay(relay)
    await eventually(database.all_queued)
