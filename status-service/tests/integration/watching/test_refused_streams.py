"""Streams that are refused, let go, or ended by the service."""

import asyncio
from typing import Any

import asyncpg
import grpc
import pytest

from photo_domain.errors import ErrorCode
from photo_domain.task_id import new_task_id


async def test_what_does_not_exist_cannot_be_watched(stub: Any, watching: Any) -> None:
    for scope, code in (("task_id", "unknown_task"), ("batch_id", "unknown_batch")):
        for text in ("", "x", new_task_id()):
            async with watching(stub, **{scope: text}) as stream:
                assert await stream.refusal() == code


async def test_nobody_has_no_tasks_to_watch(stub: Any, watching: Any) -> None:
    async with watching(stub, owner="") as stream:
        assert await stream.refusal() is ErrorCode.INVALID_ARGUMENT


async def test_no_more_streams_begin_than_a_replica_may_hold(
    serve: Any, watching: Any, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("status_service.watch_hub.MAX_STREAMS", 1)
    stub = await serve(pool)
    async with watching(stub) as first:
        await first.sign_of_life()
        async with watching(stub) as second:
            assert await second.refusal() is ErrorCode.TOO_MANY_STREAMS
            assert second.call.done()
            assert await second.call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_stream_whose_caller_has_gone_is_held_no_longer(
    serve: Any, watching: Any, pool: asyncpg.Pool, hubs: Any
) -> None:
    stub = await serve(pool)
    async with watching(stub) as stream:
        await stream.sign_of_life()
        assert hubs[0].stream_count == 1
    async with asyncio.timeout(20):
        while hubs[0].stream_count:  # noqa: ASYNC110 - of the service, not of this test
            await asyncio.sleep(0.01)


async def test_a_server_that_ends_tells_its_streams_to_resume(
    serve: Any, watching: Any, pool: asyncpg.Pool, hubs: Any
) -> None:
    stub = await serve(pool)
    async with watching(stub) as stream:
        await stream.sign_of_life()
        hubs[0].close()
        assert await stream.refusal() is ErrorCode.STREAM_INTERRUPTED
        assert await stream.call.code() is grpc.StatusCode.UNAVAILABLE
    async with watching(stub) as late:
        assert await late.refusal() is ErrorCode.STREAM_INTERRUPTED
