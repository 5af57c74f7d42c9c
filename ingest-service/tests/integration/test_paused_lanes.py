"""A paused lane: nothing of it reaches the broker until it is resumed."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import grpc
import pytest
from prometheus_client import REGISTRY

from ingest_service import paused_lanes
from ingest_service.celery_broker import CeleryBroker
from ingest_service.outbox_relay import OutboxRelay
from ingest_service.paused_lanes import PausedLanes
from ingest_service.register_batch import BatchRegistrar
from ingest_service.task_publisher import TaskPublisher
from photo.ingest.v1 import ingest_service_pb2 as pb
from photo_domain.errors import ErrorCode
from photo_records.task_queue import Lane
from service_kit.rpc_errors import request_error_of

OPERATOR = pb.Viewer(operator="ann")
LONG_AGO = "now() - interval '10 minutes'"


@pytest.fixture
def paused(pool: asyncpg.Pool) -> PausedLanes:
    return PausedLanes(pool)


@pytest.fixture
async def registrar(
    pool: asyncpg.Pool,
    redis_url: str,
    open_broker: Callable[[str], CeleryBroker],
    paused: PausedLanes,
) -> AsyncIterator[BatchRegistrar]:
    publisher = TaskPublisher(open_broker(redis_url), pool, paused)
    registrar = BatchRegistrar(pool, publisher, lambda _change: None, 20)
    yield registrar
    await registrar.drain()


@pytest.fixture
async def relay(
    pool: asyncpg.Pool,
    redis_url: str,
    open_broker: Callable[[str], CeleryBroker],
    paused: PausedLanes,
) -> AsyncIterator[OutboxRelay]:
    broker = open_broker(redis_url)
    broker.remember()
    relay = OutboxRelay(pool, broker, paused, lambda _change: None)
    yield relay
    relay._thread.shutdown()


@pytest.fixture
def queue(redis_url: str, open_queue: Any) -> Any:
    return open_queue(redis_url)


def pause(stub: Any, lane: str, viewer: pb.Viewer = OPERATOR) -> Any:
    return stub.PauseLane(pb.PauseLaneRequest(lane=lane, viewer=viewer), timeout=20)


def resume(stub: Any, lane: str, viewer: pb.Viewer = OPERATOR) -> Any:
    return stub.ResumeLane(pb.ResumeLaneRequest(lane=lane, viewer=viewer), timeout=20)


async def test_uploads_of_a_paused_lane_wait_and_go_out_after_it(
    stub: Any,
    registrar: BatchRegistrar,
    relay: OutboxRelay,
    queue: Any,
    claims: Any,
    database: Any,
    pool: asyncpg.Pool,
) -> None:
    await pause(stub, Lane.INTERACTIVE)
    waiting = await registrar.register(claims.batch(3), "")
    await registrar.register(claims.batch(20), "")
    await registrar._publisher.drain()
    assert queue.task_ids(Lane.INTERACTIVE) == []
    assert len(queue.task_ids(Lane.BULK)) == 20
    assert await database.unqueued() == 3
    await pool.execute(f"UPDATE photos SET created_at = {LONG_AGO}")
    assert await relay.relay_once() == 0
    assert queue.task_ids(Lane.INTERACTIVE) == []
    await resume(stub, Lane.INTERACTIVE)
    assert await relay.relay_once() == 3
    assert queue.task_ids(Lane.INTERACTIVE) == [str(photo.task_id) for photo in waiting.photos]


async def test_a_pause_takes_hold_of_the_next_upload_after_a_look_of_the_relay(
    stub: Any, registrar: BatchRegistrar, relay: OutboxRelay, queue: Any, claims: Any
) -> None:
    await registrar.register(claims.batch(1), "")
    await registrar._publisher.drain()
    await pause(stub, Lane.INTERACTIVE)
    await relay.relay_once()
    await registrar.register(claims.batch(1), "")
    await registrar._publisher.drain()
    assert len(queue.task_ids(Lane.INTERACTIVE)) == 1


async def test_a_pause_takes_hold_without_the_relay_too(
    stub: Any,
    registrar: BatchRegistrar,
    queue: Any,
    claims: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await registrar.register(claims.batch(1), "")
    await registrar._publisher.drain()
    await pause(stub, Lane.INTERACTIVE)
    monkeypatch.setattr(paused_lanes, "MAX_AGE_SECONDS", 0.0)
    await registrar.register(claims.batch(1), "")
    await registrar._publisher.drain()
    assert len(queue.task_ids(Lane.INTERACTIVE)) == 1


async def test_publishing_asks_for_the_pauses_only_now_and_then(
    registrar: BatchRegistrar, claims: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    find = paused_lanes.find_paused_lanes

    async def counted(pool: asyncpg.Pool) -> frozenset[Lane]:
        looks.append(1)
        return await find(pool)

    monkeypatch.setattr(paused_lanes, "find_paused_lanes", counted)
    monkeypatch.setattr(paused_lanes, "MAX_AGE_SECONDS", 3600.0)
    for _ in range(5):
        await registrar.register(claims.batch(1), "")
        await registrar._publisher.drain()
    assert len(looks) == 1


async def test_what_is_known_of_the_pauses_holds_while_the_database_is_away(
    pool: asyncpg.Pool, database_url: str, stub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paused_lanes, "MAX_AGE_SECONDS", 0.0)
    await pause(stub, Lane.BULK)
    other = await asyncpg.create_pool(database_url, min_size=0)
    known = PausedLanes(other)
    assert await known.recent() == {Lane.BULK}
    await other.close()
    assert await known.recent() == {Lane.BULK}


async def test_the_pauses_are_measured(stub: Any, relay: OutboxRelay) -> None:
    def measured() -> list[float | None]:
        return [REGISTRY.get_sample_value("photo_lane_paused", {"lane": lane}) for lane in Lane]

    await pause(stub, Lane.BULK)
    await relay.relay_once()
    assert measured() == [0, 1]
    await resume(stub, Lane.BULK)
    await relay.relay_once()
    assert measured() == [0, 0]


async def test_a_replica_that_lost_its_database_stops_telling_old_pauses(
    stub: Any, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pause(stub, Lane.BULK)
    known = PausedLanes(pool)
    await known.refresh()

    async def away(_pool: asyncpg.Pool) -> frozenset[Lane]:
        raise ConnectionRefusedError

    monkeypatch.setattr(paused_lanes, "find_paused_lanes", away)
    for told_seconds, told in ((3600.0, 1), (0.0, None)):
        monkeypatch.setattr(paused_lanes, "_TOLD_SECONDS", told_seconds)
        with pytest.raises(ConnectionRefusedError):
            await known.refresh()
        assert REGISTRY.get_sample_value("photo_lane_paused", {"lane": Lane.BULK}) == told


async def test_both_calls_can_be_repeated(stub: Any, pool: asyncpg.Pool) -> None:
    await resume(stub, Lane.BULK)
    await pause(stub, Lane.BULK)
    await pause(stub, Lane.BULK, pb.Viewer(operator="bob"))
    assert await pool.fetchval("SELECT paused_by FROM paused_lanes") == "ann"
    await resume(stub, Lane.BULK)
    await resume(stub, Lane.BULK)
    assert await pool.fetchval("SELECT count(*) FROM paused_lanes") == 0


@pytest.mark.parametrize("act", [pause, resume])
@pytest.mark.parametrize(
    ("lane", "viewer", "status", "code"),
    [
        ("bulk", pb.Viewer(owner="o"), "PERMISSION_DENIED", ErrorCode.OPERATOR_REQUIRED),
        ("bulk", pb.Viewer(), "INVALID_ARGUMENT", ErrorCode.INVALID_ARGUMENT),
        ("slow", OPERATOR, "INVALID_ARGUMENT", ErrorCode.INVALID_ARGUMENT),
        ("", OPERATOR, "INVALID_ARGUMENT", ErrorCode.INVALID_ARGUMENT),
    ],
)
async def test_only_operators_manage_the_lanes_that_there_are(
    stub: Any,
    pool: asyncpg.Pool,
    act: Any,
    lane: str,
    viewer: pb.Viewer,
    status: str,
    code: ErrorCode,
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await act(stub, lane, viewer)
    stated = request_error_of(caught.value)
    assert stated is not None
    assert (caught.value.code().name, stated.code) == (status, code)
    assert await pool.fetchval("SELECT count(*) FROM paused_lanes") == 0
