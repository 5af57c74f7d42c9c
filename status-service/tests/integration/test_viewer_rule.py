"""Who may read what: every RPC of the status service, by its owner and by strangers."""

from collections.abc import Callable
from typing import Any

import asyncpg
import grpc
import pytest

from photo.status.v1 import status_service_pb2 as pb
from photo_domain.errors import ErrorCode
from photo_domain.task_id import new_task_id
from service_kit.rpc_errors import request_error_of
from status_service.viewer_rule import Access

OWNER = "the owner"
STRANGERS = ["", "somebody else", OWNER.upper(), OWNER + " ", OWNER + "\0", "%", "\0"]


class Asked:
    """The ids that are asked for."""

    def __init__(self, task_id: object, batch_id: object) -> None:
        self.task_id, self.batch_id = str(task_id), str(batch_id)


def nothing() -> Asked:
    return Asked(new_task_id(), new_task_id())


async def outcome(call: Any) -> Any:
    """What a call of one answer, or of many, came to, so that two can be compared."""
    try:
        if hasattr(call, "read"):
            return await call.read()
        return await call
    except grpc.aio.AioRpcError as error:
        stated = request_error_of(error)
        assert stated is not None
        return error.code(), stated.code, stated.detail, error.trailing_metadata()
    finally:
        call.cancel()


Call = Callable[[Any, Asked, pb.Viewer], Any]
BY_ID: dict[str, tuple[Call, ErrorCode]] = {
    "GetTask": (
        lambda stub, asked, viewer: stub.GetTask(
            pb.GetTaskRequest(task_id=asked.task_id, viewer=viewer), timeout=20
        ),
        ErrorCode.UNKNOWN_TASK,
    ),
    "GetBatch": (
        lambda stub, asked, viewer: stub.GetBatch(
            pb.GetBatchRequest(batch_id=asked.batch_id, viewer=viewer), timeout=20
        ),
        ErrorCode.UNKNOWN_BATCH,
    ),
    "GetObject, a rendition": (
        lambda stub, asked, viewer: stub.GetObject(
            pb.GetObjectRequest(task_id=asked.task_id, rendition="preview", viewer=viewer),
            timeout=20,
        ),
        ErrorCode.UNKNOWN_TASK,
    ),
    "GetObject, no rendition of it": (
        lambda stub, asked, viewer: stub.GetObject(
            pb.GetObjectRequest(task_id=asked.task_id, rendition="poster", viewer=viewer),
            timeout=20,
        ),
        ErrorCode.UNKNOWN_TASK,
    ),
    "WatchTasks, a task": (
        lambda stub, asked, viewer: stub.WatchTasks(
            pb.WatchTasksRequest(task_id=asked.task_id, viewer=viewer), timeout=20
        ),
        ErrorCode.UNKNOWN_TASK,
    ),
    "WatchTasks, a batch": (
        lambda stub, asked, viewer: stub.WatchTasks(
            pb.WatchTasksRequest(batch_id=asked.batch_id, viewer=viewer), timeout=20
        ),
        ErrorCode.UNKNOWN_BATCH,
    ),
}


@pytest.fixture
async def asked(photos: Any, pool: asyncpg.Pool) -> Asked:
    """A photo of the owner that was processed."""
    [photo] = await photos.register()
    await photos.succeed(photo)
    await photos.put(photos.rendition_key(photo, "preview"), b"the preview")
    await photos.put(photo.object_key, b"the original")
    return Asked(photo.task_id, await pool.fetchval("SELECT batch_id FROM photos"))


@pytest.mark.parametrize("name", BY_ID)
@pytest.mark.parametrize("owner", STRANGERS)
async def test_where_keys_are_required_what_is_anothers_is_as_unknown_as_what_is_not_there(
    serve: Any, pool: asyncpg.Pool, asked: Asked, name: str, owner: str
) -> None:
    stub = await serve(pool, Access.REQUIRED)
    call, code = BY_ID[name]
    viewer = pb.Viewer(owner=owner)
    foreign = await outcome(call(stub, asked, viewer))
    assert foreign == await outcome(call(stub, nothing(), viewer))
    assert foreign[:2] == (grpc.StatusCode.NOT_FOUND, code)


@pytest.mark.parametrize("access", Access)
@pytest.mark.parametrize("name", BY_ID)
async def test_the_owner_reads_what_is_theirs(
    serve: Any, pool: asyncpg.Pool, asked: Asked, name: str, access: Access
) -> None:
    stub = await serve(pool, access)
    found = await outcome(BY_ID[name][0](stub, asked, pb.Viewer(owner=OWNER)))
    if name == "GetObject, no rendition of it":
        assert found[1] is ErrorCode.UNKNOWN_OBJECT
    else:
        assert not isinstance(found, tuple)


@pytest.mark.parametrize("access", Access)
@pytest.mark.parametrize("name", BY_ID)
async def test_an_operator_reads_what_has_an_id_as_its_owner_does(
    serve: Any, pool: asyncpg.Pool, asked: Asked, name: str, access: Access
) -> None:
    stub = await serve(pool, access)
    found = await outcome(BY_ID[name][0](stub, asked, pb.Viewer(operator="ada")))
    own = await outcome(BY_ID[name][0](stub, asked, pb.Viewer(owner=OWNER)))
    for answer in (found, own):
        if isinstance(answer, pb.WatchTasksResponse):
            answer.ClearField("cursor")
    assert found == own


@pytest.mark.parametrize("access", Access)
async def test_an_operator_gets_no_original_and_has_no_tasks(
    serve: Any, pool: asyncpg.Pool, asked: Asked, access: Access
) -> None:
    stub = await serve(pool, access)
    viewer = pb.Viewer(operator="ada")
    original = pb.GetObjectRequest(task_id=asked.task_id, original=pb.Original(), viewer=viewer)
    assert (await outcome(stub.GetObject(original, timeout=20)))[1] is ErrorCode.UNKNOWN_TASK
    listed = await stub.ListTasks(pb.ListTasksRequest(viewer=viewer), timeout=20)
    assert list(listed.tasks) == []


async def test_who_names_an_owner_and_an_operator_is_refused(stub: Any, asked: Asked) -> None:
    viewer = pb.Viewer(owner=OWNER, operator="ada")
    refused = await outcome(stub.GetTask(pb.GetTaskRequest(task_id=asked.task_id, viewer=viewer)))
    assert refused[1] is ErrorCode.INVALID_ARGUMENT


@pytest.mark.parametrize("name", BY_ID)
@pytest.mark.parametrize("owner", STRANGERS)
async def test_where_keys_are_not_required_whoever_knows_an_id_may_read(
    serve: Any, pool: asyncpg.Pool, asked: Asked, name: str, owner: str
) -> None:
    stub = await serve(pool, Access.OPEN)
    call, _code = BY_ID[name]
    found = await outcome(call(stub, asked, pb.Viewer(owner=owner)))
    own = await outcome(call(stub, asked, pb.Viewer(owner=OWNER)))
    for answer in (found, own):
        if isinstance(answer, pb.WatchTasksResponse):
            answer.ClearField("cursor")
    assert found == own


@pytest.mark.parametrize("owner", STRANGERS)
async def test_a_poll_reports_the_tasks_of_others_as_unknown(
    serve: Any, pool: asyncpg.Pool, asked: Asked, owner: str
) -> None:
    stub = await serve(pool, Access.REQUIRED)
    missing = str(new_task_id())
    request = pb.BatchGetTasksRequest(
        task_ids=[asked.task_id, missing], viewer=pb.Viewer(owner=owner)
    )
    answer = await stub.BatchGetTasks(request, timeout=20)
    assert (list(answer.tasks), list(answer.unknown_task_ids)) == ([], [asked.task_id, missing])
    request.viewer.owner = OWNER
    assert len((await stub.BatchGetTasks(request, timeout=20)).tasks) == 1


@pytest.mark.parametrize("access", Access)
@pytest.mark.parametrize("owner", STRANGERS)
async def test_lists_streams_and_originals_are_the_owners_in_any_case(
    serve: Any, pool: asyncpg.Pool, photos: Any, asked: Asked, owner: str, access: Access
) -> None:
    stub = await serve(pool, access, sign_of_life_seconds=0.05)
    await photos.register()
    viewer = pb.Viewer(owner=owner)
    listed = await stub.ListTasks(pb.ListTasksRequest(viewer=viewer), timeout=20)
    assert (list(listed.tasks), listed.next_page_token) == ([], "")
    original = pb.GetObjectRequest(task_id=asked.task_id, original=pb.Original(), viewer=viewer)
    assert (await outcome(stub.GetObject(original, timeout=20)))[1] is ErrorCode.UNKNOWN_TASK
    first = await outcome(stub.WatchTasks(pb.WatchTasksRequest(viewer=viewer), timeout=20))
    if "\0" in owner or not owner:
        assert first[1] is ErrorCode.INVALID_ARGUMENT
        return
    call = stub.WatchTasks(pb.WatchTasksRequest(viewer=viewer), timeout=20)
    for _ in range(3):
        answer = await call.read()
        assert not answer.HasField("task")
        await photos.register()
    call.cancel()
