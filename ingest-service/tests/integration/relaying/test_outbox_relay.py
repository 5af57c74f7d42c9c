"""What the relay brings back to the queue, and what it leaves alone. Time passes by SQL."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import psycopg2
import pytest

from ingest_service import celery_broker, outbox_relay
from ingest_service.celery_broker import CeleryBroker
from ingest_service.outbox_relay import OutboxRelay
from ingest_service.task_publisher import TaskMessage
from photo_domain.task_id import new_task_id
from photo_records.outbox import NOTHING_WAITS
from photo_records.task_queue import Lane

Photos = Callable[..., Awaitable[list[str]]]

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
