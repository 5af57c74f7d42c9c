"""Publishing behind the answers, and what happens without a broker."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import redis
from prometheus_client import REGISTRY

from ingest_service import task_publisher
from ingest_service.celery_broker import CeleryBroker
from ingest_service.paused_lanes import PausedLanes
from ingest_service.register_batch import BatchRegistrar
from ingest_service.task_publisher import (
    BrokerUnavailableError,
    TaskMessage,
    TaskPublisher,
)
from local_stack.embedded_redis import EmbeddedRedis
from local_stack.ports import free_ports
from photo_domain.task_id import new_task_id
from photo_records.task_queue import Lane

OpenBroker = Callable[[str], CeleryBroker]


class OwnRedis:
    """A Redis that a test may stop and freeze."""

    def __init__(self, folder: Path) -> None:
        self._server = EmbeddedRedis(folder, free_ports(1)[0], "not-a-secret")
        self.url = self._server.redis_url

    @contextmanager
    def running(self) -> Iterator[int]:
        """Its process id, while it runs; what it was told stays."""
        with self._server.running(), redis.Redis.from_url(self.url) as client:
            yield int(client.info("server")["process_id"])  # type: ignore[index]


@pytest.fixture
def own_redis(scratch: Path) -> OwnRedis:
    return OwnRedis(scratch / f"redis-{new_task_id()}")


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class HeldBroker:
    """Holds every group until the test lets it go: no real broker can be held this exactly."""

    def __init__(self) -> None:
        self.groups: list[list[TaskMessage]] = []
        self.gate = threading.Semaphore(0)
        self.error: Exception | None = None

    def publish(self, messages: Sequence[TaskMessage]) -> None:
        self.groups.append(list(messages))
        assert self.gate.acquire(timeout=30)
        if self.error:
            raise self.error


def _published(lane: Lane) -> float:
    return REGISTRY.get_sample_value("photo_tasks_published_total", {"lane": lane}) or 0


async def test_a_registered_batch_is_published_and_marked(
    redis_url: str,
    open_queue: Any,
    open_broker: OpenBroker,
    open_registrar: Any,
    database: Any,
    claims: Any,
) -> None:
    registrar = open_registrar(open_broker(redis_url))
    before = _published(Lane.INTERACTIVE)
    few = await registrar.register(claims.batch(3, owner="few"), "a request")
    many = await registrar.register(claims.batch(20, owner="many"), "a request")
    await registrar.drain()
    queue = open_queue(redis_url)
    assert queue.task_ids(Lane.INTERACTIVE) == [str(photo.task_id) for photo in few.photos]
    assert queue.task_ids(Lane.BULK) == [str(photo.task_id) for photo in many.photos]
    [first, *_] = queue.messages(Lane.INTERACTIVE)
    assert first["headers"]["batch_id"] == str(few.batch_id)
    assert first["headers"]["request_id"] == "a request"
    assert await database.unqueued() == 0
    assert _published(Lane.INTERACTIVE) - before == 3


async def test_a_replay_publishes_nothing_again(
    redis_url: str, open_queue: Any, open_broker: OpenBroker, open_registrar: Any, claims: Any
) -> None:
    registrar = open_registrar(open_broker(redis_url))
    claim = claims.batch(2)
    await registrar.register(claim, "")
    await registrar.register(claim, "")
    await registrar.drain()
    assert len(open_queue(redis_url).task_ids(Lane.INTERACTIVE)) == 2


async def test_without_redis_the_rows_stay_in_the_outbox_and_publishing_resumes_with_it(
    own_redis: OwnRedis,
    open_queue: Any,
    open_broker: OpenBroker,
    open_registrar: Any,
    database: Any,
    claims: Any,
    eventually: Any,
) -> None:
    registrar = open_registrar(open_broker(own_redis.url))
    with own_redis.running():
        await registrar.register(claims.batch(1, owner="before"), "")
        await eventually(database.all_queued)
    await registrar.register(claims.batch(2, owner="during"), "")
    await eventually(lambda: registrar._publisher._publishing is None)
    assert await database.unqueued() == 2
    with own_redis.running():
        after = await registrar.register(claims.batch(3, owner="after"), "")
        await eventually(lambda: database.queued_of("after"))
        found = open_queue(own_redis.url).task_ids(Lane.INTERACTIVE)
        assert found[-3:] == [str(photo.task_id) for photo in after.photos]
    assert await database.unqueued() == 2


async def test_with_a_frozen_redis_the_answer_comes_and_publishing_resumes_when_it_thaws(
    own_redis: OwnRedis,
    open_broker: OpenBroker,
    open_registrar: Any,
    database: Any,
    claims: Any,
    eventually: Any,
) -> None:
    registrar = open_registrar(open_broker(own_redis.url))
    with own_redis.running() as pid:
        await registrar.register(claims.batch(1, owner="before"), "")
        await eventually(database.all_queued)
        with frozen(pid):
            answer = await registrar.register(claims.batch(2, owner="during"), "")
            assert len(answer.photos) == 2
            await eventually(lambda: registrar._publisher._publishing is None)
        assert await database.unqueued() == 2
        await registrar.register(claims.batch(3, owner="after"), "")
        await eventually(lambda: database.queued_of("after"))
    assert await database.unqueued() == 2


async def test_an_answer_does_not_wait_for_its_messages(
    open_registrar: Any, database: Any, claims: Any
) -> None:
    broker = HeldBroker()
    registrar = open_registrar(broker)
    assert (await registrar.register(claims.batch(2), "")).photos
    assert await database.unqueued() == 2
    broker.gate.release()
    await registrar.drain()
    assert await database.unqueued() == 0


async def test_what_gathers_during_a_round_trip_shares_the_next(
    open_registrar: Any, claims: Any, eventually: Any
) -> None:
    broker = HeldBroker()
    registrar = open_registrar(broker)
    await registrar.register(claims.batch(1), "")
    await eventually(lambda: broker.groups)
    for _ in range(3):
        await registrar.register(claims.batch(2), "")
    broker.gate.release(2)
    await registrar.drain()
    assert [len(group) for group in broker.groups] == [1, 6]


async def test_what_finds_no_room_is_left_in_the_outbox(
    open_registrar: Any,
    database: Any,
    claims: Any,
    eventually: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(task_publisher, "_MAX_WAITING", 3)
    broker = HeldBroker()
    registrar = open_registrar(broker)
    await registrar.register(claims.batch(1), "")
    await eventually(lambda: broker.groups)
    for _ in range(3):
        await registrar.register(claims.batch(2), "")
    broker.gate.release(2)
    await registrar.drain()
    assert [len(group) for group in broker.groups] == [1, 2]
    assert await database.unqueued() == 4


@pytest.mark.parametrize("error", [BrokerUnavailableError(), ValueError("a bug")])
async def test_messages_that_cannot_be_published_hold_up_no_others(
    open_registrar: Any, database: Any, claims: Any, eventually: Any, error: Exception
) -> None:
    broker = HeldBroker()
    broker.error = error
    registrar = open_registrar(broker)
    await registrar.register(claims.batch(1), "")
    broker.gate.release()
    await eventually(lambda: registrar._publisher._publishing is None)
    broker.error = None
    await registrar.register(claims.batch(2, owner="after"), "")
    broker.gate.release()
    await registrar.drain()
    assert await database.unqueued() == 1
    assert await database.queued_of("after")


async def test_rows_that_cannot_be_marked_are_published_all_the_same(
    redis_url: str,
    open_queue: Any,
    open_broker: OpenBroker,
    database: Any,
    pool: asyncpg.Pool,
    claims: Any,
    database_url: str,
) -> None:
    other_pool = await asyncpg.create_pool(database_url, min_size=0)
    publisher = TaskPublisher(open_broker(redis_url), other_pool, PausedLanes(pool))
    registrar = BatchRegistrar(pool, publisher, lambda _change: None, 20)
    await other_pool.close()
    await registrar.register(claims.batch(2), "")
    await registrar.drain()
    assert len(open_queue(redis_url).task_ids(Lane.INTERACTIVE)) == 2
    assert await database.unqueued() == 2


async def test_a_database_that_breaks_off_in_the_middle_holds_up_no_later_message(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = HeldBroker()
    publisher = TaskPublisher(broker, pool, PausedLanes(pool))
    failures = iter([asyncpg.InternalClientError("broken off"), RuntimeError("a bug")])

    async def fail_twice(_pool: object, _task_ids: object) -> None:
        for failure in failures:
            raise failure

    monkeypatch.setattr(task_publisher, "mark_enqueued", fail_twice)
    for number in range(3):
        publisher.send([TaskMessage(new_task_id(), Lane.BULK, "a batch", str(number))])
        broker.gate.release()
    await publisher.drain()
    assert [message.request_id for group in broker.groups for message in group] == ["0", "1", "2"]
