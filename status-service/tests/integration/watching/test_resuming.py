"""Streams that go on where an earlier one was, as its cursor tells."""

from typing import Any

import asyncpg
import pytest

from photo.status.v1 import status_service_pb2 as pb
from photo_domain.errors import ErrorCode

SUCCESS = pb.TASK_STATUS_SUCCESS


async def test_a_resumed_stream_begins_with_what_changed_meanwhile(
    stub: Any, watching: Any, photos: Any, pool: asyncpg.Pool
) -> None:
    old, changed, _untouched = await photos.register(3)
    await photos.succeed(old)
    await pool.execute("UPDATE photos SET changed_at = now() - interval '1 hour'")
    async with watching(stub) as stream:
        cursor = (await stream.sign_of_life()).cursor
    await photos.succeed(changed)
    async with watching(stub, cursor=cursor) as stream:
        answer = await stream.task()
        assert (answer.task.task_id, answer.task.status) == (str(changed.task_id), SUCCESS)
        assert not (await stream.call.read()).HasField("task")


async def test_a_stream_that_broke_off_while_it_began_goes_on_where_it_was(
    stub: Any, watching: Any, photos: Any
) -> None:
    registered = await photos.register(5)
    expected = [str(photo.task_id) for photo in registered]
    async with watching(stub) as stream:
        seen = [await stream.task() for _ in range(2)]
    told = [answer.task.task_id for answer in seen]
    assert told == expected[:2]
    async with watching(stub, cursor=seen[-1].cursor) as stream:
        # A look may find the first two once more before the last is told.
        while len(told) < 3 or not set(told[2:]) >= set(expected[2:]):
            told.append((await stream.task()).task.task_id)
    assert told[2] == expected[2]
    assert len(told) <= 7


async def test_a_resumed_stream_of_a_batch_that_has_ended_ends(
    stub: Any, watching: Any, photos: Any, pool: asyncpg.Pool
) -> None:
    [photo] = await photos.register()
    batch_id = await pool.fetchval("SELECT batch_id FROM photos")
    async with watching(stub, batch_id=batch_id) as stream:
        cursor = (await stream.sign_of_life()).cursor
    await photos.succeed(photo)
    async with watching(stub, batch_id=batch_id, cursor=cursor) as stream:
        [answer] = await stream.rest()
    assert answer.task.status == SUCCESS


@pytest.mark.parametrize(
    "cursor",
    ["x", "AgAAAAAAAAAA", "AQAAAAAAAAAAAAAAAAAAAAA", "Av____________________8", "x" * 100_000],
)
async def test_a_cursor_that_is_not_ours_is_refused(stub: Any, watching: Any, cursor: str) -> None:
    async with watching(stub, cursor=cursor) as stream:
        assert await stream.refusal() is ErrorCode.INVALID_ARGUMENT
