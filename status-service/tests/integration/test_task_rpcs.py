"""What became of a task, as the clients of the status service read it."""

from typing import Any

import asyncpg
import grpc
import pytest

from photo.status.v1 import status_service_pb2 as pb
from photo_domain.errors import ErrorCode
from photo_domain.task_id import new_task_id
from service_kit.rpc_errors import request_error_of


async def task(stub: Any, photo: Any) -> pb.Task:
    request = pb.GetTaskRequest(task_id=str(photo.task_id))
    return (await stub.GetTask(request, timeout=20)).task


async def refused(call: Any) -> tuple[grpc.StatusCode, ErrorCode]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    stated = request_error_of(caught.value)
    assert stated is not None
    return caught.value.code(), stated.code


def get_many(stub: Any, task_ids: list[str]) -> Any:
    return stub.BatchGetTasks(pb.BatchGetTasksRequest(task_ids=task_ids), timeout=20)


async def test_a_new_task_is_pending_and_queued(stub: Any, photos: Any, pool: asyncpg.Pool) -> None:
    [photo] = await photos.register()
    row = await pool.fetchrow("SELECT * FROM photos")
    found = await task(stub, photo)
    assert (found.task_id, found.batch_id) == (str(photo.task_id), str(row["batch_id"]))
    assert found.photo_id == row["id"]
    assert (found.file_name, found.content_type, found.size) == ("photo 0.jpg", "image/jpeg", 1000)
    assert (found.status, found.stage) == (pb.TASK_STATUS_PENDING, pb.TASK_STAGE_QUEUED)
    assert (found.attempts, found.revision) == (0, 1)
    assert found.create_time.ToMicroseconds() == int(row["created_at"].timestamp() * 10**6)
    for absent in ("start_time", "finish_time", "result", "error"):
        assert not found.HasField(absent)


async def test_a_task_that_a_worker_holds_is_processing(stub: Any, photos: Any) -> None:
    [photo] = await photos.register()
    await photos.change(photo, "started_at = now(), lease_expires_at = now(), attempts = 1")
    found = await task(stub, photo)
    assert (found.status, found.stage) == (pb.TASK_STATUS_PENDING, pb.TASK_STAGE_PROCESSING)
    assert (found.attempts, found.revision) == (1, 2)
    assert found.HasField("start_time")


async def test_a_task_that_was_put_off_is_waiting_to_retry(stub: Any, photos: Any) -> None:
    [photo] = await photos.register()
    await photos.change(photo, "started_at = now(), next_attempt_at = now(), attempts = 1")
    found = await task(stub, photo)
    assert found.status == pb.TASK_STATUS_PENDING
    assert found.stage == pb.TASK_STAGE_WAITING_TO_RETRY


async def test_a_result_tells_nothing_that_is_not_known_and_has_the_renditions_largest_first(
    stub: Any, photos: Any
) -> None:
    [photo] = await photos.register()
    await photos.succeed(photo)
    found = await task(stub, photo)
    assert (found.status, found.stage) == (pb.TASK_STATUS_SUCCESS, pb.TASK_STAGE_DONE)
    assert found.HasField("finish_time")
    assert not found.HasField("error")
    assert found.result == pb.TaskResult(
        random_number=42,
        processing_time=0.25,
        format="jpeg",
        width=1600,
        height=1000,
        renditions=[
            pb.Rendition(
                name="preview", width=1280, height=800, content_type="image/webp", size=12800
            ),
            pb.Rendition(
                name="thumbnail", width=320, height=200, content_type="image/webp", size=3200
            ),
        ],
    )


async def test_a_result_has_what_the_photo_tells_of_itself(stub: Any, photos: Any) -> None:
    [photo] = await photos.register()
    await photos.succeed(photo)
    await photos.change(
        photo,
        "pages = 3, orientation = 6, taken_at = '2026-05-01T12:30:15+02:00',"
        """ camera = '{"make": "Canon", "lens": null, "exposure_time": 0.008, "f_number": 2,"""
        """ "iso": 102400, "focal_length": 50.5, "of a newer worker": 1}',"""
        " dominant_color = '#0a141e', thumbhash = '\\x00ff', phash = '0123456789abcdef',"
        """ step_seconds = '{"probe": 0.5, "renditions": 2}'""",
    )
    result = (await task(stub, photo)).result
    assert (result.pages, result.orientation) == (3, 6)
    assert result.taken_at == "2026-05-01T12:30:15+02:00"
    assert result.camera == pb.Camera(
        make="Canon", exposure_time=0.008, f_number=2, iso=102400, focal_length=50.5
    )
    assert (result.dominant_color, result.thumbhash) == ("#0a141e", b"\0\xff")
    assert result.phash == "0123456789abcdef"
    assert result.step_seconds == {"probe": 0.5, "renditions": 2.0}


async def test_a_result_of_zeros_is_a_result(stub: Any, photos: Any, pool: asyncpg.Pool) -> None:
    [photo] = await photos.register()
    await photos.succeed(photo)
    await pool.execute("DELETE FROM renditions")
    await photos.change(photo, "random_number = 0, processing_time = 0")
    found = await task(stub, photo)
    assert found.HasField("result")
    assert (found.result.random_number, list(found.result.renditions)) == (0, [])


async def test_a_task_that_failed_says_why(stub: Any, photos: Any) -> None:
    [photo] = await photos.register()
    await photos.change(
        photo,
        "status = 'FAILURE', finished_at = now(), error_code = 'timeout', error_message = 'Slow.'",
    )
    found = await task(stub, photo)
    assert (found.status, found.stage) == (pb.TASK_STATUS_FAILURE, pb.TASK_STAGE_DONE)
    assert found.error == pb.TaskError(code="timeout", message="Slow.")
    assert not found.HasField("result")


@pytest.mark.parametrize(
    "task_id", ["", "x", "0", "\0", "ffffffff-ffff-7abc-8def-0123456789ab", "'; DROP TABLE photos"]
)
async def test_an_id_without_a_task_is_not_found(stub: Any, task_id: str) -> None:
    call = stub.GetTask(pb.GetTaskRequest(task_id=task_id), timeout=20)
    assert await refused(call) == (grpc.StatusCode.NOT_FOUND, ErrorCode.UNKNOWN_TASK)


async def test_tasks_are_read_together_and_unknown_ids_reported_one_by_one(
    stub: Any, photos: Any
) -> None:
    known = [str(photo.task_id) for photo in await photos.register(3)]
    unknown = str(new_task_id())
    answer = await get_many(stub, [known[0], unknown, "malformed", known[2], "", known[0], unknown])
    assert sorted(found.task_id for found in answer.tasks) == sorted([known[0], known[2]])
    assert list(answer.unknown_task_ids) == [unknown, "malformed", ""]


async def test_an_id_in_capitals_names_the_same_task(stub: Any, photos: Any) -> None:
    [photo] = await photos.register()
    answer = await get_many(stub, [str(photo.task_id).upper()])
    assert [found.task_id for found in answer.tasks] == [str(photo.task_id)]
    assert list(answer.unknown_task_ids) == []


async def test_only_unknown_ids_fail_nothing(stub: Any) -> None:
    answer = await get_many(stub, ["a", "b"])
    assert (list(answer.tasks), list(answer.unknown_task_ids)) == ([], ["a", "b"])


async def test_a_hundred_tasks_are_read_at_once(stub: Any, photos: Any) -> None:
    known = {str(photo.task_id) for photo in await photos.register(100)}
    answer = await get_many(stub, list(known))
    assert {found.task_id for found in answer.tasks} == known


@pytest.mark.parametrize("count", [0, 101])
async def test_fewer_than_one_and_more_than_a_hundred_ids_are_refused(
    stub: Any, count: int
) -> None:
    assert await refused(get_many(stub, ["x"] * count)) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        ErrorCode.INVALID_ARGUMENT,
    )


async def test_a_database_that_is_down_is_unavailable(serve: Any, lost_pool: asyncpg.Pool) -> None:
    stub = await serve(lost_pool)
    task_id = str(new_task_id())
    viewer = pb.Viewer(owner="the owner")
    rendition = pb.GetObjectRequest(task_id=task_id, rendition="preview", viewer=viewer)
    original = pb.GetObjectRequest(task_id=task_id, original=pb.Original(), viewer=viewer)
    for call in (
        stub.GetTask(pb.GetTaskRequest(task_id=task_id), timeout=20),
        get_many(stub, [task_id]),
        stub.GetObject(rendition, timeout=20).read(),
        stub.GetObject(original, timeout=20).read(),
    ):
        assert await refused(call) == (
            grpc.StatusCode.UNAVAILABLE,
            ErrorCode.DATABASE_UNAVAILABLE,
        )
