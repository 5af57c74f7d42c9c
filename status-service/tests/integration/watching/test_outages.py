"""Streams while the database or Redis is away."""

import asyncio
import os
import signal
from typing import Any

import asyncpg
import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from local_stack.embedded_redis import EmbeddedRedis
from local_stack.ports import free_ports
from photo.status.v1 import status_service_pb2 as pb
from photo_domain.errors import ErrorCode
from photo_domain.task_id import new_task_id
from photo_records.task_changes import CHANNEL, TaskChange, change_message

SUCCESS = pb.TASK_STATUS_SUCCESS


def count(metric: str) -> float:
    return REGISTRY.get_sample_value(metric) or 0.0


async def _is_heard(client: Redis) -> bool:
    return bool((await client.pubsub_numsub(CHANNEL))[0][1])


async def test_streams_are_unavailable_without_a_database(
    serve: Any, watching: Any, lost_pool: asyncpg.Pool
) -> None:
    stub = await serve(lost_pool)
    for scope in ({}, {"task_id": new_task_id()}, {"batch_id": new_task_id()}):
        async with watching(stub, **scope) as stream:
            assert await stream.refusal() is ErrorCode.DATABASE_UNAVAILABLE


async def test_changes_are_heard_again_after_redis_was_restarted(
    serve: Any, watching: Any, pool: asyncpg.Pool, photos: Any, tmp_path: Any
) -> None:
    own = EmbeddedRedis(tmp_path / "redis", free_ports(1)[0], "secret")
    [photo] = await photos.register()
    with own.running():
        stub = await serve(pool, redis_url=own.redis_url, look_seconds=1000)
        async with watching(stub, task_id=photo.task_id) as stream:
            await stream.sign_of_life()
    async with watching(stub, task_id=photo.task_id) as stream:
        await stream.sign_of_life()
        # Told to nobody: the new subscription makes the service look.
        await photos.claim(photo)
        with own.running():
            assert (await stream.task()).task.stage == pb.TASK_STAGE_PROCESSING
            client = Redis.from_url(own.redis_url)
            await photos.succeed(photo)
            await client.publish(CHANNEL, change_message(TaskChange(photo.task_id)))
            assert (await stream.task()).task.status == SUCCESS
            await client.aclose()


async def test_a_stream_outlives_a_database_that_goes_away_and_misses_nothing(
    serve: Any, watching: Any, pool: asyncpg.Pool, photos: Any, databases: Any, database_url: str
) -> None:
    stub = await serve(pool, look_seconds=0.1, sign_of_life_seconds=0.1)
    done, other = await photos.register(2)
    async with watching(stub) as stream:
        await stream.sign_of_life()
        await photos.claim(other)
        await photos.succeed(done)
        with databases.unreachable(database_url):
            failed = "photo_task_watch_reads_failed_total"
            before = count(failed)
            async with asyncio.timeout(20):
                while count(failed) < before + 2:
                    await stream.call.read()
        await photos.succeed(other)
        while (answer := await stream.task()).task.status != SUCCESS or (
            answer.task.task_id != str(other.task_id)
        ):
            pass


async def test_a_redis_that_froze_is_left_and_heard_again_when_it_thaws(
    serve: Any,
    watching: Any,
    pool: asyncpg.Pool,
    photos: Any,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("status_service.change_feed._PING_SECONDS", 0.2)
    own = EmbeddedRedis(tmp_path / "redis", free_ports(1)[0], "secret")
    [photo] = await photos.register()
    lost = "photo_task_changes_subscription_lost_total"
    with own.running():
        client = Redis.from_url(own.redis_url)
        process = (await client.info("server"))["process_id"]
        stub = await serve(pool, redis_url=own.redis_url, look_seconds=1000)
        async with watching(stub, task_id=photo.task_id) as stream:
            await stream.sign_of_life()
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
            await photos.claim(photo)
            assert (await stream.task()).task.stage == pb.TASK_STAGE_PROCESSING
        await client.aclose()
