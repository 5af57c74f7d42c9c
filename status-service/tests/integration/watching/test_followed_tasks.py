"""What a stream tells of its tasks, from its begin to its end."""

from typing import Any

import asyncpg

from photo.status.v1 import status_service_pb2 as pb
from photo_records.task_actions import delete_photo
from photo_records.task_changes import TaskChange

OWNER = "the owner"
PENDING, SUCCESS = pb.TASK_STATUS_PENDING, pb.TASK_STATUS_SUCCESS


async def test_a_task_is_followed_from_queued_to_done(
    stub: Any, watching: Any, photos: Any, settle: Any
) -> None:
    [photo] = await photos.register()
    async with watching(stub, task_id=photo.task_id) as stream:
        answer = await stream.task()
        assert (answer.task.status, answer.task.stage) == (PENDING, pb.TASK_STAGE_QUEUED)
        await photos.claim(photo)
        await settle(photo)
        assert (await stream.task()).task.stage == pb.TASK_STAGE_PROCESSING
        await photos.succeed(photo)
        await settle(photo)
        answer = await stream.task()
        assert (answer.task.status, answer.task.result.random_number) == (SUCCESS, 42)
        assert len(answer.task.result.renditions) == 2
        assert await stream.rest() == []


async def test_a_task_that_has_ended_is_told_and_the_stream_ends(
    stub: Any, watching: Any, photos: Any
) -> None:
    [photo] = await photos.register()
    await photos.succeed(photo)
    async with watching(stub, task_id=photo.task_id) as stream:
        [answer] = await stream.rest()
        assert answer.task.status == SUCCESS


async def test_the_stream_of_a_batch_ends_with_its_last_task(
    stub: Any, watching: Any, photos: Any, settle: Any, pool: asyncpg.Pool
) -> None:
    registered = await photos.register(3)
    await photos.register(1)
    batch_id = await pool.fetchval(
        "SELECT batch_id FROM photos WHERE task_id = $1", registered[0].task_id
    )
    async with watching(stub, owner="anybody", batch_id=batch_id) as stream:
        begun = {(await stream.task()).task.task_id for _ in registered}
        assert begun == {str(photo.task_id) for photo in registered}
        for photo in registered:
            await photos.succeed(photo)
            await settle(photo)
        assert sorted(answer.task.task_id for answer in await stream.rest()) == sorted(begun)


async def test_the_stream_of_a_viewer_begins_with_what_is_pending_or_ended_a_moment_ago(
    stub: Any, watching: Any, photos: Any, settle: Any, pool: asyncpg.Pool
) -> None:
    done, waiting = await photos.register(2)
    await photos.succeed(done)
    await pool.execute("UPDATE photos SET changed_at = now() - interval '2 minutes'")
    [recent] = await photos.register()
    await photos.succeed(recent)
    await photos.register(1, owner="somebody else")
    async with watching(stub) as stream:
        assert (await stream.task()).task.task_id == str(waiting.task_id)
        assert (await stream.task()).task.task_id == str(recent.task_id)
        await stream.sign_of_life()
        [new] = await photos.register()
        await settle(new)
        assert (await stream.task()).task.task_id == str(new.task_id)
        await photos.succeed(waiting)
        await settle(waiting)
        answer = await stream.task()
        assert (answer.task.task_id, answer.task.status) == (str(waiting.task_id), SUCCESS)


async def test_a_deleted_photo_is_told_and_ends_the_stream_of_its_batch(
    serve: Any, watching: Any, pool: asyncpg.Pool, photos: Any, redis_server: Any, tell: Any
) -> None:
    stub = await serve(pool, redis_url=redis_server.redis_url, look_seconds=1000)
    [photo] = await photos.register()
    batch_id = await pool.fetchval("SELECT batch_id FROM photos")
    async with watching(stub, batch_id=batch_id) as stream:
        await stream.sign_of_life()
        await delete_photo(pool, photo.task_id, OWNER)
        await tell(TaskChange(photo.task_id, batch_id, OWNER, deleted=True))
        [answer] = await stream.rest()
    assert answer.deleted
    assert answer.task == pb.Task(task_id=str(photo.task_id), batch_id=str(batch_id))


async def test_a_deleted_photo_that_nobody_told_of_ends_the_stream_of_its_batch_as_well(
    serve: Any, watching: Any, pool: asyncpg.Pool, photos: Any
) -> None:
    stub = await serve(pool, look_seconds=0.05)
    [photo] = await photos.register()
    batch_id = await pool.fetchval("SELECT batch_id FROM photos")
    async with watching(stub, batch_id=batch_id) as stream:
        await stream.sign_of_life()
        await delete_photo(pool, photo.task_id, OWNER)
        [answer] = await stream.rest()
    assert (answer.deleted, answer.task.task_id) == (True, str(photo.task_id))


async def test_signs_of_life_come_while_nothing_happens(
    serve: Any, watching: Any, pool: asyncpg.Pool
) -> None:
    stub = await serve(pool, sign_of_life_seconds=0.05)
    async with watching(stub) as stream:
        assert len({(await stream.sign_of_life()).cursor for _ in range(5)}) >= 1
