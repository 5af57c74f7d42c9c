"""What watchers are told of the ingest service's transitions."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from ingest_service.change_publisher import ChangePublisher
from local_stack.ports import free_ports
from photo.ingest.v1 import ingest_service_pb2 as pb
from photo_records.task_changes import CHANNEL, TaskChange, read_change

OWNER = pb.Viewer(owner="owner")
OPERATOR = pb.Viewer(operator="ann")
CHANGE = TaskChange(UUID(int=1))
FAILED = "status = 'FAILURE', finished_at = now(), error_code = 'internal', error_message = 'x'"

NextChange = Callable[[], Awaitable[TaskChange]]


@pytest.fixture
async def next_change(redis_url: str) -> AsyncIterator[NextChange]:
    """The next change that is told."""
    async with Redis.from_url(redis_url) as client, client.pubsub() as subscription:
        await subscription.subscribe(CHANNEL)
        assert (await subscription.get_message(timeout=20))["type"] == "subscribe"

        async def read() -> TaskChange:
            message = await subscription.get_message(timeout=20)
            assert message is not None
            change = read_change(message["data"])
            assert change is not None
            return change

        yield read


def untold() -> float:
    return REGISTRY.get_sample_value("photo_task_changes_untold_total") or 0.0


async def test_the_birth_of_a_batch_is_told_once(
    stub: Any, claims: Any, register_request: Any, next_change: NextChange
) -> None:
    claim = claims.batch(5)
    answer = await stub.RegisterBatch(register_request(claim), timeout=20)
    assert await next_change() == TaskChange(None, UUID(answer.batch_id), claim.owner)
    # A replay changes nothing, so the next message is of another batch.
    await stub.RegisterBatch(register_request(claim), timeout=20)
    other = await stub.RegisterBatch(register_request(claims.batch(1)), timeout=20)
    assert (await next_change()).batch_id == UUID(other.batch_id)


async def test_what_people_do_to_a_task_is_told(
    stub: Any, claims: Any, register_request: Any, database: Any, next_change: NextChange
) -> None:
    claim = claims.batch(1)
    batch_id = UUID((await stub.RegisterBatch(register_request(claim), timeout=20)).batch_id)
    await next_change()
    task_id = claim.files[0].task_id
    owner = pb.Viewer(owner=claim.owner)
    await stub.CancelTask(pb.CancelTaskRequest(task_id=task_id, viewer=OPERATOR), timeout=20)
    assert await next_change() == TaskChange(UUID(task_id))
    await stub.RetryTask(pb.RetryTaskRequest(task_id=task_id, viewer=owner), timeout=20)
    assert await next_change() == TaskChange(UUID(task_id), batch_id, claim.owner)
    await stub.DeletePhoto(pb.DeletePhotoRequest(task_id=task_id, viewer=OPERATOR), timeout=20)
    gone = TaskChange(UUID(task_id), batch_id, claim.owner, deleted=True)
    assert await next_change() == gone


async def test_a_redis_that_never_answers_delays_nobody_and_is_counted(eventually: Any) -> None:
    async def swallow(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hung_up.wait()
        writer.close()

    hung_up = asyncio.Event()
    before = untold()
    async with await asyncio.start_server(swallow, "127.0.0.1", 0) as frozen:
        port = frozen.sockets[0].getsockname()[1]
        publisher = ChangePublisher(Redis(port=port, socket_timeout=0.1))
        for _ in range(100):
            publisher.tell(CHANGE)
        await eventually(lambda: untold() == before + 100)
        await publisher.close()
        hung_up.set()


async def test_changes_are_told_again_once_redis_is_back(
    redis_url: str, next_change: NextChange, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest_service.change_publisher._PAUSE_SECONDS", 0.01)
    client = Redis.from_url(redis_url)
    port = client.connection_pool.connection_kwargs["port"]
    client.connection_pool.connection_kwargs["port"] = free_ports(1)[0]
    publisher = ChangePublisher(client)
    before = untold()
    publisher.tell(CHANGE)
    await eventually(lambda: untold() == before + 1)
    client.connection_pool.connection_kwargs["port"] = port
    client.connection_pool.reset()
    publisher.tell(CHANGE)
    assert await next_change() == CHANGE
    await publisher.close()


async def test_more_changes_than_may_wait_are_counted_and_dropped() -> None:
    publisher = ChangePublisher(Redis(port=free_ports(1)[0]))
    before = untold()
    for _ in range(10_100):
        publisher.tell(CHANGE)
    assert untold() == before + 100
    await publisher.close()
