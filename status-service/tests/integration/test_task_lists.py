"""An owner's tasks in pages, and batches, as the clients of the status service read them."""

from typing import Any

import asyncpg
import grpc
import pytest

from photo.status.v1 import status_service_pb2 as pb
from photo_domain.errors import ErrorCode
from photo_domain.task_id import new_task_id
from service_kit.rpc_errors import request_error_of

OWNER = "the owner"


def listing(stub: Any, owner: str = OWNER, **fields: Any) -> Any:
    request = pb.ListTasksRequest(viewer=pb.Viewer(owner=owner), **fields)
    return stub.ListTasks(request, timeout=20)


def batch(stub: Any, batch_id: object) -> Any:
    return stub.GetBatch(pb.GetBatchRequest(batch_id=str(batch_id)), timeout=20)


async def refused(call: Any) -> ErrorCode:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    stated = request_error_of(caught.value)
    assert stated is not None
    return stated.code


def ids(answer: Any) -> list[str]:
    return [task.task_id for task in answer.tasks]


async def test_a_list_is_newest_first_in_pages_that_stay_while_new_tasks_arrive(
    stub: Any, photos: Any
) -> None:
    expected = [str(photo.task_id) for photo in await photos.register(25)][::-1]
    await photos.register(3, owner="somebody else")
    seen, token = [], ""
    while True:
        answer = await listing(stub, page_size=10, page_token=token)
        seen.append(ids(answer))
        token = answer.next_page_token
        await photos.register(1)
        if not token:
            break
    assert [len(page) for page in seen] == [10, 10, 5]
    assert [task_id for page in seen for task_id in page] == expected


async def test_a_page_that_ends_with_the_last_task_has_no_next(stub: Any, photos: Any) -> None:
    await photos.register(10)
    answer = await listing(stub, page_size=10)
    assert (len(answer.tasks), answer.next_page_token) == (10, "")


async def test_a_list_without_a_size_has_fifty_tasks(stub: Any, photos: Any) -> None:
    await photos.register(60)
    assert len((await listing(stub)).tasks) == 50


async def test_a_list_has_only_the_status_asked_for(stub: Any, photos: Any) -> None:
    done, _pending = await photos.register(2)
    await photos.succeed(done)
    answer = await listing(stub, status=pb.TASK_STATUS_SUCCESS)
    assert ids(answer) == [str(done.task_id)]
    assert len(answer.tasks[0].result.renditions) == 2
    assert ids(await listing(stub, status=pb.TASK_STATUS_FAILURE)) == []


@pytest.mark.parametrize("owner", ["", "somebody else", OWNER.upper(), OWNER + "\0", "\0"])
async def test_nobody_else_has_the_owners_list(stub: Any, photos: Any, owner: str) -> None:
    await photos.register(3)
    answer = await listing(stub, owner)
    assert (ids(answer), answer.next_page_token) == ([], "")


async def test_a_token_is_of_no_use_to_another_owner(stub: Any, photos: Any) -> None:
    await photos.register(3)
    token = (await listing(stub, page_size=1)).next_page_token
    assert ids(await listing(stub, "somebody else", page_token=token)) == []


@pytest.mark.parametrize(
    "token", ["x", "AQAAAAAAAAAA", "AgAAAAAAAAAB", "AQAAAAAAAAA=", "AQ//////////", "x" * 100_000]
)
async def test_a_token_that_is_not_ours_is_refused(stub: Any, token: str) -> None:
    assert await refused(listing(stub, page_token=token)) is ErrorCode.INVALID_ARGUMENT


@pytest.mark.parametrize("fields", [{"page_size": -1}, {"page_size": 101}, {"status": 77}])
async def test_sizes_and_statuses_that_do_not_exist_are_refused(
    stub: Any, fields: dict[str, int]
) -> None:
    assert await refused(listing(stub, **fields)) is ErrorCode.INVALID_ARGUMENT


async def test_a_batch_has_its_tasks_and_its_refused_files_in_the_order_of_the_upload(
    stub: Any, photos: Any, pool: asyncpg.Pool
) -> None:
    error = {"code": "empty_file", "detail": "The file is empty."}
    registered = await photos.register(
        3,
        rejected=[
            {"position": 7, "file_name": "b.jpg", "errors": [error]},
            {"position": 5, "file_name": "a.exe", "errors": [error, error]},
        ],
    )
    row = await pool.fetchrow("SELECT id, created_at FROM batches")
    answer = await batch(stub, row["id"])
    assert answer.batch_id == str(row["id"])
    assert answer.create_time.ToMicroseconds() == int(row["created_at"].timestamp() * 10**6)
    assert ids(answer) == [str(photo.task_id) for photo in registered]
    told = pb.TaskError(code="empty_file", message="The file is empty.")
    assert list(answer.rejected) == [
        pb.RejectedFile(file_name="a.exe", errors=[told, told]),
        pb.RejectedFile(file_name="b.jpg", errors=[told]),
    ]


@pytest.mark.parametrize("batch_id", ["", "x", "\0", "ffffffff-ffff-7abc-8def-0123456789ab"])
async def test_an_id_without_a_batch_is_not_found(stub: Any, batch_id: str) -> None:
    assert await refused(batch(stub, batch_id)) is ErrorCode.UNKNOWN_BATCH


async def test_lists_and_batches_are_unavailable_without_a_database(
    serve: Any, lost_pool: asyncpg.Pool
) -> None:
    stub = await serve(lost_pool)
    for call in (listing(stub), batch(stub, new_task_id())):
        assert await refused(call) is ErrorCode.DATABASE_UNAVAILABLE
