"""What the relay brings back to the queue, and what it leaves alone. Time passes by SQL."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import psycopg2
import pytest
from prometheus_client import REGISTRY

from ingest_service import celery_broker, outbox_relay
from ingest_service.celery_broker import CeleryBroker
from ingest_service.outbox_relay import OutboxRelay
from ingest_service.paused_lanes import PausedLanes
from ingest_service.task_publisher import BrokerUnavailableError, TaskMessage
from photo_domain.task_id import new_task_id
from photo_records.outbox import NOTHING_WAITS, RepublishReason
from photo_records.task_queue import Lane

Photos = Callable[..., Awaitable[list[str]]]


@pytest.fixture
async def relay(
    pool: asyncpg.Pool, redis_url: str, open_broker: Callable[[str], CeleryBroker]
) -> AsyncIterator[OutboxRelay]:
    broker = open_broker(redis_url)
    broker.remember()
    relay = OutboxRelay(pool, broker, PausedLanes(pool))
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


LONG_AGO = "now() - interval '10 minutes'"
LEASED = {"started_at": LONG_AGO, "revision": "2", "attempts": "1"}


@pytest.mark.parametrize(
    "columns",
    [
        {"enqueued_at": "NULL", "created_at": "now() - interval '6 seconds'"},
        {"next_attempt_at": "now() - interval '1 second'"},
        {"lease_expires_at": "now() - interval '1 second'", **LEASED},
        {"enqueued_at": "now() - interval '61 seconds'"},
    ],
    ids=["never queued", "attempt due", "lease expired", "message lost"],
)
async def test_what_is_due_is_published_once(
    relay: OutboxRelay, photos: Photos, queue: Any, columns: dict[str, str], database: Any
) -> None:
    task_ids = await photos(3, **columns)
    assert await relay.relay_once() == 3
    assert queue.task_ids(Lane.INTERACTIVE) == task_ids
    assert await database.all_queued()
    assert await relay.relay_once() == 0
    assert queue.task_ids(Lane.INTERACTIVE) == task_ids


@pytest.mark.parametrize(
    "columns",
    [
        {"enqueued_at": "NULL", "created_at": "now() - interval '3 seconds'"},
        {"next_attempt_at": "now() + interval '1 minute'", "enqueued_at": LONG_AGO},
        {"lease_expires_at": "now() + interval '1 minute'", "enqueued_at": LONG_AGO, **LEASED},
        {"lease_expires_at": "now() + interval '1 minute'", "enqueued_at": "NULL", **LEASED},
        {"enqueued_at": "now() - interval '55 seconds'"},
        {
            "status": "'FAILURE'",
            "finished_at": "now()",
            "error_code": "'internal'",
            "error_message": "''",
            "enqueued_at": "NULL",
            "created_at": LONG_AGO,
        },
    ],
    ids=["just born", "not yet due", "leased", "leased before it was marked", "queued", "ended"],
)
async def test_what_is_not_due_is_left_alone(
    relay: OutboxRelay, photos: Photos, queue: Any, columns: dict[str, str]
) -> None:
    await photos(3, **columns)
    assert await relay.relay_once() == 0
    assert queue.task_ids(Lane.INTERACTIVE) == []


@pytest.fixture
def publish_next(
    queue: Any, redis_url: str, open_broker: Callable[[str], CeleryBroker]
) -> Callable[[Lane, timedelta], None]:
    """Give a lane a message of that age, of a task that nobody knows."""

    def publish(lane: Lane, age: timedelta) -> None:
        broker = open_broker(redis_url)
        broker.publish([TaskMessage(new_task_id(), lane, "a batch", "a request")])
        message = json.loads(queue.client.lpop(lane))
        message["headers"]["published_at"] = (datetime.now(UTC) - age).isoformat()
        queue.client.lpush(lane, json.dumps(message))

    return publish


async def test_a_healthy_backlog_is_never_published_again(
    relay: OutboxRelay, photos: Photos, publish_next: Callable[[Lane, timedelta], None]
) -> None:
    await photos(100, enqueued_at=LONG_AGO)
    publish_next(Lane.BULK, timedelta(minutes=10))
    assert await relay.relay_once() == 0


async def test_what_a_busy_lane_has_passed_is_published_again(
    relay: OutboxRelay,
    photos: Photos,
    queue: Any,
    publish_next: Callable[[Lane, timedelta], None],
) -> None:
    [lost] = await photos(1, enqueued_at=LONG_AGO)
    await photos(1, enqueued_at="now() - interval '9 minutes 30 seconds'")
    publish_next(Lane.INTERACTIVE, timedelta(minutes=8, seconds=45))
    assert await relay.relay_once() == 1
    assert queue.task_ids(Lane.INTERACTIVE)[1:] == [lost]


async def test_what_a_long_look_has_published_is_not_taken_for_lost(
    relay: OutboxRelay,
    photos: Photos,
    queue: Any,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox_relay, "_GROUP", 1)
    task_ids = await photos(3, enqueued_at="NULL", created_at=LONG_AGO)
    publish, published_at = relay._broker.publish, celery_broker._published_at
    passed = timedelta()

    def published_before(message: bytes | None) -> datetime | None:
        time = published_at(message)
        return time and (time if time == NOTHING_WAITS else time - passed)

    def publish_slowly(messages: Any) -> None:
        nonlocal passed
        publish(messages)
        passed += timedelta(minutes=2)
        with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
            cursor.execute(
                "UPDATE photos SET enqueued_at = enqueued_at - interval '2 minutes'"
                " WHERE enqueued_at IS NOT NULL"
            )
        connection.close()

    monkeypatch.setattr(celery_broker, "_published_at", published_before)
    monkeypatch.setattr(relay._broker, "publish", publish_slowly)
    assert await relay.relay_once() == 3
    assert queue.task_ids(Lane.INTERACTIVE) == task_ids


async def test_a_message_that_does_not_tell_its_age_passes_nothing(
    relay: OutboxRelay, photos: Photos, queue: Any
) -> None:
    await photos(1, enqueued_at=LONG_AGO)
    times = ('"yesterday"', "7", '"2020-01-01T00:00:00"')
    headers = [f'{{"headers": {{"published_at": {time}}}}}' for time in times]
    for message in ("no JSON", "[]", "{}", *headers):
        queue.client.delete(Lane.INTERACTIVE)
        queue.client.lpush(Lane.INTERACTIVE, message)
        assert await relay.relay_once() == 0


async def test_an_empty_lane_does_not_speak_for_the_other(
    relay: OutboxRelay,
    photos: Photos,
    queue: Any,
    publish_next: Callable[[Lane, timedelta], None],
) -> None:
    await photos(30, enqueued_at=LONG_AGO)
    lost = await photos(2, enqueued_at=LONG_AGO)
    publish_next(Lane.BULK, timedelta(minutes=10))
    assert await relay.relay_once() == 2
    assert queue.task_ids(Lane.INTERACTIVE) == lost


async def test_a_broker_that_lost_its_memory_gets_every_unclaimed_task_again(
    relay: OutboxRelay, photos: Photos, queue: Any
) -> None:
    waiting = await photos(3, created_at=LONG_AGO)
    await photos(2, created_at=LONG_AGO, lease_expires_at="now() + interval '1 minute'", **LEASED)
    queue.client.flushdb()
    queue.client.lpush(Lane.INTERACTIVE, b'{"headers": {"id": "uploaded after the loss"}}')
    assert await relay.relay_once() == 3
    assert set(queue.task_ids(Lane.INTERACTIVE)) == {*waiting, "uploaded after the loss"}
    assert await relay.relay_once() == 0


async def test_taking_a_lease_away_fences_whoever_had_it(
    relay: OutboxRelay, photos: Photos, pool: asyncpg.Pool
) -> None:
    await photos(1, lease_expires_at="now() - interval '1 second'", **LEASED)
    await relay.relay_once()
    row = await pool.fetchrow("SELECT revision, lease_expires_at, status FROM photos")
    assert row is not None
    assert tuple(row) == (3, None, "PENDING")


async def test_publishing_again_what_was_queued_is_no_transition(
    relay: OutboxRelay, photos: Photos, pool: asyncpg.Pool
) -> None:
    await photos(1, enqueued_at=LONG_AGO)
    await relay.relay_once()
    assert await pool.fetchval("SELECT revision FROM photos") == 1


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
    relays = [OutboxRelay(pool, broker, PausedLanes(pool)) for broker in brokers]
    counts = await asyncio.gather(*(relay.relay_once() for relay in relays))
    assert sum(counts) == 90
    assert sorted(queue.task_ids(Lane.BULK)) == sorted(task_ids)
    for relay in relays:
        relay._thread.shutdown()


async def test_without_a_broker_everything_stays_due(
    pool: asyncpg.Pool, open_broker: Callable[[str], CeleryBroker], photos: Photos, database: Any
) -> None:
    await photos(2, enqueued_at="NULL", created_at=LONG_AGO)
    relay = OutboxRelay(pool, open_broker("redis://127.0.0.1:1/0"), PausedLanes(pool))
    with pytest.raises(BrokerUnavailableError):
        await relay.relay_once()
    assert await database.unqueued() == 2
    relay._thread.shutdown()


async def test_the_relay_goes_on_after_its_broker_was_away(
    pool: asyncpg.Pool,
    redis_url: str,
    open_broker: Callable[[str], CeleryBroker],
    photos: Photos,
    database: Any,
    eventually: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox_relay, "_TICK_SECONDS", 0.01)
    monkeypatch.setattr(outbox_relay, "_LONGEST_PAUSE_SECONDS", 0.02)
    broker = open_broker(redis_url)
    outages = iter([BrokerUnavailableError(), RuntimeError("a bug"), OSError()])
    remembers = broker.remembers

    def troubled() -> bool:
        for outage in outages:
            raise outage
        return remembers()

    monkeypatch.setattr(broker, "remembers", troubled)
    await photos(2, enqueued_at="NULL", created_at=LONG_AGO)
    running = asyncio.create_task(OutboxRelay(pool, broker, PausedLanes(pool)).run())
    await eventually(database.all_queued)
    running.cancel()
    await asyncio.wait([running])


async def test_the_outbox_is_measured(relay: OutboxRelay, photos: Photos) -> None:
    name = "outbox_republished_total"
    labels = {"reason": RepublishReason.NEVER_QUEUED}
    before = REGISTRY.get_sample_value(name, labels) or 0
    await photos(2, enqueued_at="NULL", created_at=LONG_AGO)
    await photos(1)
    await relay.measure()
    await relay.relay_once()
    assert (REGISTRY.get_sample_value(name, labels) or 0) - before == 2
    waiting, idle = {"lane": Lane.INTERACTIVE}, {"lane": Lane.BULK}
    assert REGISTRY.get_sample_value("outbox_tasks", waiting) == 2
    oldest = REGISTRY.get_sample_value("oldest_pending_task_seconds", waiting)
    assert oldest is not None
    assert 600 <= oldest < 700
    for name in ("outbox_tasks", "oldest_pending_task_seconds"):
        assert REGISTRY.get_sample_value(name, idle) == 0
    await relay.measure()
    assert REGISTRY.get_sample_value("outbox_tasks", waiting) == 0
