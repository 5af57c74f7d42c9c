"""Streams of tasks, as the clients of the status service follow them."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import grpc
import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from local_stack.embedded_redis import EmbeddedRedis
from local_stack.ports import free_ports
from photo.status.v1 import status_service_pb2 as pb
from photo_domain.errors import ErrorCode
from photo_domain.task_id import new_task_id
from photo_records.registration import NewPhoto
from photo_records.task_actions import delete_photo
from photo_records.task_changes import CHANNEL, TaskChange, change_message
from service_kit.rpc_errors import request_error_of

OWNER = "the owner"
PENDING, SUCCESS = pb.TASK_STATUS_PENDING, pb.TASK_STATUS_SUCCESS
CLAIM = "started_at = now(), lease_expires_at = now() + interval '1 minute', attempts = 1"


@asynccontextmanager
async def watching(stub: Any, owner: str = OWNER, **scope: Any) -> AsyncIterator[Any]:
    scope = {name: str(value) for name, value in scope.items()}
    request = pb.WatchTasksRequest(viewer=pb.Viewer(owner=owner), **scope)
    call = stub.WatchTasks(request, timeout=60)
    try:
        yield call
    finally:
        call.cancel()


async def task(call: Any) -> Any:
    """The next answer with a task."""
    async with asyncio.timeout(20):
        while True:
            answer = await call.read()
            assert answer is not grpc.aio.EOF
            if answer.HasField("task"):
                return answer


async def sign_of_life(call: Any) -> Any:
    async with asyncio.timeout(20):
        while True:
            answer = await call.read()
            assert answer is not grpc.aio.EOF
            if not answer.HasField("task"):
                return answer


async def rest(call: Any) -> list[Any]:
    """All answers with tasks until the stream ends by itself."""
    async with asyncio.timeout(20):
        answers = []
        while (answer := await call.read()) is not grpc.aio.EOF:
            answers.append(answer)
    return [answer for answer in answers if answer.HasField("task")]


async def refused(call: Any) -> ErrorCode:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await rest(call)
    stated = request_error_of(caught.value)
    assert stated is not None
    return stated.code


def count(metric: str) -> float:
    return REGISTRY.get_sample_value(metric) or 0.0


async def _is_heard(client: Redis) -> bool:
    return bool((await client.pubsub_numsub(CHANNEL))[0][1])


@pytest.fixture(params=["told", "looked for"])
def way(request: Any) -> str:
    """How changes come to the service."""
    found: str = request.param
    return found


@pytest.fixture
async def stub(way: str, serve: Any, pool: asyncpg.Pool, redis_server: Any) -> Any:
    """A service that is told of changes, and never looks for them; and one without a Redis."""
    if way == "told":
        return await serve(pool, redis_url=redis_server.redis_url, look_seconds=1000)
    return await serve(pool)


@pytest.fixture
def settle(way: str, tell: Any, pool: asyncpg.Pool) -> Any:
    """Tells of the last transition of a photo, as whoever committed it does."""

    async def settle(photo: NewPhoto) -> None:
        row = await pool.fetchrow("SELECT * FROM photos WHERE task_id = $1", photo.task_id)
        assert row
        if way == "told":
            await tell(TaskChange(photo.task_id, row["batch_id"], row["owner"], row["revision"]))

    return settle


async def test_a_task_is_followed_from_queued_to_done(stub: Any, photos: Any, settle: Any) -> None:
    [photo] = await photos.register()
    async with watching(stub, task_id=photo.task_id) as call:
        answer = await task(call)
        assert (answer.task.status, answer.task.stage) == (PENDING, pb.TASK_STAGE_QUEUED)
        await photos.change(photo, CLAIM)
        await settle(photo)
        assert (await task(call)).task.stage == pb.TASK_STAGE_PROCESSING
        await photos.succeed(photo)
        await settle(photo)
        answer = await task(call)
        assert (answer.task.status, answer.task.result.random_number) == (SUCCESS, 42)
        assert len(answer.task.result.renditions) == 2
        assert await rest(call) == []


async def test_a_task_that_has_ended_is_told_and_the_stream_ends(stub: Any, photos: Any) -> None:
    [photo] = await photos.register()
    await photos.succeed(photo)
    async with watching(stub, task_id=photo.task_id) as call:
        [answer] = await rest(call)
        assert answer.task.status == SUCCESS


async def test_the_stream_of_a_batch_ends_with_its_last_task(
    stub: Any, photos: Any, settle: Any, pool: asyncpg.Pool
) -> None:
    registered = await photos.register(3)
    await photos.register(1)
    batch_id = await pool.fetchval(
        "SELECT batch_id FROM photos WHERE task_id = $1", registered[0].task_id
    )
    async with watching(stub, owner="anybody", batch_id=batch_id) as call:
        begun = {(await task(call)).task.task_id for _ in registered}
        assert begun == {str(photo.task_id) for photo in registered}
        for photo in registered:
            await photos.succeed(photo)
            await settle(photo)
        assert sorted(answer.task.task_id for answer in await rest(call)) == sorted(begun)


async def test_the_stream_of_a_viewer_begins_with_what_is_pending_or_ended_a_moment_ago(
    stub: Any, photos: Any, settle: Any, pool: asyncpg.Pool
) -> None:
    done, waiting = await photos.register(2)
    await photos.succeed(done)
    await pool.execute("UPDATE photos SET changed_at = now() - interval '2 minutes'")
    [recent] = await photos.register()
    await photos.succeed(recent)
    await photos.register(1, owner="somebody else")
    async with watching(stub) as call:
        assert (await task(call)).task.task_id == str(waiting.task_id)
        assert (await task(call)).task.task_id == str(recent.task_id)
        await sign_of_life(call)
        [new] = await photos.register()
        await settle(new)
        assert (await task(call)).task.task_id == str(new.task_id)
        await photos.succeed(waiting)
        await settle(waiting)
        answer = await task(call)
        assert (answer.task.task_id, answer.task.status) == (str(waiting.task_id), SUCCESS)


async def test_a_deleted_photo_is_told_and_ends_the_stream_of_its_batch(
    serve: Any, pool: asyncpg.Pool, photos: Any, redis_server: Any, tell: Any
) -> None:
    stub = await serve(pool, redis_url=redis_server.redis_url, look_seconds=1000)
    [photo] = await photos.register()
    batch_id = await pool.fetchval("SELECT batch_id FROM photos")
    async with watching(stub, batch_id=batch_id) as call:
        await sign_of_life(call)
        await delete_photo(pool, photo.task_id, OWNER)
        await tell(TaskChange(photo.task_id, batch_id, OWNER, deleted=True))
        [answer] = await rest(call)
    assert answer.deleted
    assert answer.task == pb.Task(task_id=str(photo.task_id), batch_id=str(batch_id))


async def test_a_deleted_photo_that_nobody_told_of_ends_the_stream_of_its_batch_as_well(
    serve: Any, pool: asyncpg.Pool, photos: Any
) -> None:
    stub = await serve(pool, look_seconds=0.05)
    [photo] = await photos.register()
    batch_id = await pool.fetchval("SELECT batch_id FROM photos")
    async with watching(stub, batch_id=batch_id) as call:
        await sign_of_life(call)
        await delete_photo(pool, photo.task_id, OWNER)
        [answer] = await rest(call)
    assert (answer.deleted, answer.task.task_id) == (True, str(photo.task_id))


async def test_a_resumed_stream_begins_with_what_changed_meanwhile(
    stub: Any, photos: Any, pool: asyncpg.Pool
) -> None:
    old, changed, _untouched = await photos.register(3)
    await photos.succeed(old)
    await pool.execute("UPDATE photos SET changed_at = now() - interval '1 hour'")
    async with watching(stub) as call:
        cursor = (await sign_of_life(call)).cursor
    await photos.succeed(changed)
    async with watching(stub, cursor=cursor) as call:
        answer = await task(call)
        assert (answer.task.task_id, answer.task.status) == (str(changed.task_id), SUCCESS)
        assert not (await call.read()).HasField("task")


async def test_a_stream_that_broke_off_while_it_began_goes_on_where_it_was(
    stub: Any, photos: Any
) -> None:
    registered = await photos.register(5)
    async with watching(stub) as call:
        seen = [await task(call) for _ in range(2)]
    async with watching(stub, cursor=seen[-1].cursor) as call:
        seen += [await task(call) for _ in range(3)]
    told = [answer.task.task_id for answer in seen]
    assert told == [str(photo.task_id) for photo in registered]


async def test_a_resumed_stream_of_a_batch_that_has_ended_ends(
    stub: Any, photos: Any, pool: asyncpg.Pool
) -> None:
    [photo] = await photos.register()
    batch_id = await pool.fetchval("SELECT batch_id FROM photos")
    async with watching(stub, batch_id=batch_id) as call:
        cursor = (await sign_of_life(call)).cursor
    await photos.succeed(photo)
    async with watching(stub, batch_id=batch_id, cursor=cursor) as call:
        [answer] = await rest(call)
    assert answer.task.status == SUCCESS


async def test_signs_of_life_come_while_nothing_happens(serve: Any, pool: asyncpg.Pool) -> None:
    stub = await serve(pool, sign_of_life_seconds=0.05)
    async with watching(stub) as call:
        assert len({(await sign_of_life(call)).cursor for _ in range(5)}) >= 1


@pytest.mark.parametrize(
    "cursor",
    ["x", "AgAAAAAAAAAA", "AQAAAAAAAAAAAAAAAAAAAAA", "Av____________________8", "x" * 100_000],
)
async def test_a_cursor_that_is_not_ours_is_refused(stub: Any, cursor: str) -> None:
    async with watching(stub, cursor=cursor) as call:
        assert await refused(call) is ErrorCode.INVALID_ARGUMENT


async def test_what_does_not_exist_cannot_be_watched(stub: Any) -> None:
    for scope, code in (("task_id", "unknown_task"), ("batch_id", "unknown_batch")):
        for text in ("", "x", new_task_id()):
            async with watching(stub, **{scope: text}) as call:
                assert await refused(call) == code


async def test_nobody_has_no_tasks_to_watch(stub: Any) -> None:
    async with watching(stub, owner="") as call:
        assert await refused(call) is ErrorCode.INVALID_ARGUMENT


async def test_no_more_streams_begin_than_a_replica_may_hold(
    serve: Any, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("status_service.watch_hub.MAX_STREAMS", 1)
    stub = await serve(pool)
    async with watching(stub) as first:
        await sign_of_life(first)
        async with watching(stub) as second:
            assert await refused(second) is ErrorCode.TOO_MANY_STREAMS
            assert second.done()
            assert await second.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_stream_whose_caller_has_gone_is_held_no_longer(
    serve: Any, pool: asyncpg.Pool, hubs: Any
) -> None:
    stub = await serve(pool)
    async with watching(stub) as call:
        await sign_of_life(call)
        assert hubs[0].stream_count == 1
    async with asyncio.timeout(20):
        while hubs[0].stream_count:  # noqa: ASYNC110 - of the service, not of this test
            await asyncio.sleep(0.01)


async def test_a_server_that_ends_tells_its_streams_to_resume(
    serve: Any, pool: asyncpg.Pool, hubs: Any
) -> None:
    stub = await serve(pool)
    async with watching(stub) as call:
        await sign_of_life(call)
        hubs[0].close()
        assert await refused(call) is ErrorCode.STREAM_INTERRUPTED
        assert await call.code() is grpc.StatusCode.UNAVAILABLE
    async with watching(stub) as late:
        assert await refused(late) is ErrorCode.STREAM_INTERRUPTED


async def test_streams_are_unavailable_without_a_database(
    serve: Any, lost_pool: asyncpg.Pool
) -> None:
    stub = await serve(lost_pool)
    for scope in ({}, {"task_id": new_task_id()}, {"batch_id": new_task_id()}):
        async with watching(stub, **scope) as call:
            assert await refused(call) is ErrorCode.DATABASE_UNAVAILABLE


async def test_changes_are_heard_again_after_redis_was_restarted(
    serve: Any, pool: asyncpg.Pool, photos: Any, tmp_path: Any
) -> None:
    own = EmbeddedRedis(tmp_path / "redis", free_ports(1)[0], "secret")
    [photo] = await photos.register()
    with own.running():
        stub = await serve(pool, redis_url=own.redis_url, look_seconds=1000)
        async with watching(stub, task_id=photo.task_id) as call:
            await sign_of_life(call)
    async with watching(stub, task_id=photo.task_id) as call:
        await sign_of_life(call)
        # Told to nobody: the new subscription makes the service look.
        await photos.change(photo, CLAIM)
        with own.running():
            assert (await task(call)).task.stage == pb.TASK_STAGE_PROCESSING
            client = Redis.from_url(own.redis_url)
            await photos.succeed(photo)
            await client.publish(CHANNEL, change_message(TaskChange(photo.task_id)))
            assert (await task(call)).task.status == SUCCESS
            await client.aclose()


async def test_a_stream_outlives_a_database_that_goes_away_and_misses_nothing(
    serve: Any, pool: asyncpg.Pool, photos: Any, databases: Any, database_url: str
) -> None:
    stub = await serve(pool, look_seconds=0.1, sign_of_life_seconds=0.1)
    done, other = await photos.register(2)
    async with watching(stub) as call:
        await sign_of_life(call)
        await photos.change(other, CLAIM)
        await photos.succeed(done)
        with databases.unreachable(database_url):
            failed = "task_watch_reads_failed_total"
            before = count(failed)
            async with asyncio.timeout(20):
                while count(failed) < before + 2:
                    await call.read()
        await photos.succeed(other)
        while (answer := await task(call)).task.status != SUCCESS or (
            answer.task.task_id != str(other.task_id)
        ):
            pass


async def test_a_redis_that_froze_is_left_and_heard_again_when_it_thaws(
    serve: Any,
    pool: asyncpg.Pool,
    photos: Any,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("status_service.change_feed._PING_SECONDS", 0.2)
    own = EmbeddedRedis(tmp_path / "redis", free_ports(1)[0], "secret")
    [photo] = await photos.register()
    lost = "task_changes_subscription_lost_total"
    with own.running():
        client = Redis.from_url(own.redis_url)
        process = (await client.info("server"))["process_id"]
        stub = await serve(pool, redis_url=own.redis_url, look_seconds=1000)
        async with watching(stub, task_id=photo.task_id) as call:
            await sign_of_life(call)
            async with asyncio.timeout(20):
                while not await _is_heard(client):  # noqa: ASYNC110 - Redis tells
                    await asyncio.sleep(0.01)
            before = count(lost)
            os.kill(process, signal.SIGSTOP)
            try:
                async with asyncio.timeout(20):
                    while count(lost) == before:  # noqa: ASYNC110 - a metric tells nobody
                        await asyncio.sleep(0.01)
            finally:
                os.kill(process, signal.SIGCONT)
            await photos.change(photo, CLAIM)
            assert (await task(call)).task.stage == pb.TASK_STAGE_PROCESSING
        await client.aclose()
