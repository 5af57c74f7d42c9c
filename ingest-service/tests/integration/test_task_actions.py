"""Retrying, cancelling and deleting over gRPC, with Postgres, Redis and a storage behind it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import grpc
import obstore
import pytest
import structlog

from ingest_service import delete_photo
from local_stack.ports import free_ports
from photo.ingest.v1 import ingest_service_pb2 as pb
from photo_domain.errors import ErrorCode, RequestError
from photo_domain.object_keys import original_key
from photo_domain.task_id import new_task_id
from photo_records.task_queue import Lane
from service_kit.rpc_errors import request_error_of

OWNER = pb.Viewer(owner="owner")
OPERATOR = pb.Viewer(operator="ann")
FAILED = "status = 'FAILURE', finished_at = now(), error_code = 'internal', error_message = 'x'"

Upload = Callable[..., Awaitable[list[str]]]
REQUESTS = {
    "RetryTask": pb.RetryTaskRequest,
    "CancelTask": pb.CancelTaskRequest,
    "DeletePhoto": pb.DeletePhotoRequest,
}


def call(stub: Any, name: str, task_id: str, viewer: pb.Viewer = OWNER) -> Any:
    return getattr(stub, name)(REQUESTS[name](task_id=task_id, viewer=viewer), timeout=20)


async def refusal(answer: Any) -> tuple[grpc.StatusCode, RequestError]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await answer
    stated = request_error_of(caught.value)
    assert stated is not None
    return caught.value.code(), stated


@pytest.fixture
def upload(stub: Any, claims: Any, register_request: Any, store: Any, database: Any) -> Upload:
    """Registers photos, with their originals in storage; their task ids."""

    async def register(count: int = 1, columns: str = "") -> list[str]:
        claim = claims.batch(count)
        for file in claim.files:
            key = original_key(UUID(file.task_id), file.nonce)
            await obstore.put_async(store, key, b"bytes")
        answer = await stub.RegisterBatch(register_request(claim), timeout=20)
        if columns:
            await database.pool.execute(
                f"UPDATE photos SET {columns} WHERE batch_id = $1", UUID(answer.batch_id)
            )
            await database.pool.execute("UPDATE batches SET pending = 0")
        return [task.task_id for task in answer.tasks]

    return register


@pytest.fixture
def queue(redis_url: str, open_queue: Any) -> Any:
    return open_queue(redis_url)


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


async def status(pool: asyncpg.Pool, task_id: str) -> str | None:
    return await pool.fetchval("SELECT status FROM photos WHERE task_id = $1", UUID(task_id))


async def test_a_failed_task_is_pending_again_and_published_behind_the_answer(
    stub: Any, upload: Upload, queue: Any, pool: asyncpg.Pool, eventually: Any, database: Any
) -> None:
    [task_id] = await upload()
    await eventually(lambda: queue.task_ids(Lane.INTERACTIVE) == [task_id])
    await eventually(database.all_queued)
    await pool.execute(f"UPDATE photos SET {FAILED}")
    request = pb.RetryTaskRequest(task_id=task_id, viewer=OWNER)
    await stub.RetryTask(request, timeout=20, metadata=[("x-request-id", "r1")])
    assert await status(pool, task_id) == "PENDING"
    # The old message may still be there: the claim decides.
    await eventually(lambda: queue.task_ids(Lane.INTERACTIVE) == [task_id] * 2)
    assert queue.messages(Lane.INTERACTIVE)[1]["headers"]["request_id"] == "r1"
    await eventually(database.all_queued)


async def test_a_task_that_has_not_failed_is_not_retried(
    stub: Any, upload: Upload, pool: asyncpg.Pool
) -> None:
    [task_id] = await upload()
    code, stated = await refusal(call(stub, "RetryTask", task_id))
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert stated.code is ErrorCode.TASK_NOT_FAILED
    assert "PENDING" in stated.detail


async def test_a_pending_task_is_cancelled_once(
    stub: Any, upload: Upload, pool: asyncpg.Pool
) -> None:
    [task_id] = await upload()
    await call(stub, "CancelTask", task_id)
    assert await pool.fetchval("SELECT error_code FROM photos") == "cancelled"
    code, stated = await refusal(call(stub, "CancelTask", task_id))
    assert (code, stated.code) == (grpc.StatusCode.FAILED_PRECONDITION, ErrorCode.TASK_ENDED)


@pytest.mark.parametrize("columns", ["", FAILED])
async def test_a_deleted_photo_leaves_neither_rows_nor_objects(
    stub: Any, upload: Upload, pool: asyncpg.Pool, store: Any, store_folder: Path, columns: str
) -> None:
    task_id, other = await upload(2, columns)
    await obstore.put_async(store, f"renditions/20260101/{task_id}/2/thumbnail", b"bytes")
    await pool.execute(
        "INSERT INTO renditions SELECT id, 'thumbnail', 1, 1, 'image/webp', 5, $2"
        " FROM photos WHERE task_id = $1",
        UUID(task_id),
        f"renditions/20260101/{task_id}/2/thumbnail",
    )
    await call(stub, "DeletePhoto", task_id)
    assert await status(pool, task_id) is None
    assert await pool.fetchval("SELECT count(*) FROM renditions") == 0
    [left] = files(store_folder)
    assert left.startswith(other)
    code, stated = await refusal(call(stub, "DeletePhoto", task_id))
    assert (code, stated.code) == (grpc.StatusCode.NOT_FOUND, ErrorCode.UNKNOWN_TASK)


class StuckDeleter:
    """A storage that takes a request and never answers."""

    async def delete(self, keys: object) -> None:
        await asyncio.Event().wait()


@pytest.mark.parametrize("trouble", ["gone", "stuck"])
async def test_a_storage_that_does_not_answer_leaves_the_objects_to_the_sweeper(
    stub: Any,
    upload: Upload,
    pool: asyncpg.Pool,
    store_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
) -> None:
    monkeypatch.setattr(delete_photo, "_STORAGE_SECONDS", 0.1)
    [task_id] = await upload()
    away = store_folder.with_name("away")
    if trouble == "gone":
        await asyncio.to_thread(store_folder.rename, away)
    else:
        monkeypatch.setattr(delete_photo.OriginalDeleter, "delete", StuckDeleter.delete)
    with structlog.testing.capture_logs() as log:
        await call(stub, "DeletePhoto", task_id)
    assert "objects_left_to_sweeper" in [entry["event"] for entry in log]
    assert await status(pool, task_id) is None


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_foreign_task_is_unknown_like_none_and_like_no_id(
    stub: Any, upload: Upload, pool: asyncpg.Pool, name: str
) -> None:
    mine = (await upload(1, FAILED if name == "RetryTask" else ""))[0]
    look = "SELECT status, revision, owner FROM photos"
    before = await pool.fetch(look)
    somebody = pb.Viewer(owner="somebody")
    answers = [
        call(stub, name, mine, somebody),
        call(stub, name, str(new_task_id())),
        call(stub, name, "no id"),
        call(stub, name, ""),
    ]
    refusals = [await refusal(answer) for answer in answers]
    assert {code for code, _ in refusals} == {grpc.StatusCode.NOT_FOUND}
    assert {(stated.code, stated.detail) for _, stated in refusals} == {
        (ErrorCode.UNKNOWN_TASK, "There is no task with this id.")
    }
    assert await pool.fetch(look) == before


async def test_an_operator_acts_on_every_photo_and_is_named_in_the_log(
    stub: Any, upload: Upload, pool: asyncpg.Pool
) -> None:
    [task_id] = await upload()
    with structlog.testing.capture_logs() as log:
        for name in ("CancelTask", "RetryTask", "DeletePhoto"):
            await call(stub, name, task_id, OPERATOR)
    told = {
        entry["event"]: (entry["task_id"], entry["operator"])
        for entry in log
        if "operator" in entry
    }
    assert told == dict.fromkeys(
        ("task_cancelled", "task_retried", "photo_deleted"), (task_id, "ann")
    )
    assert await status(pool, task_id) is None


@pytest.mark.parametrize(
    "viewer",
    [
        pb.Viewer(),
        pb.Viewer(owner="owner", operator="ann"),
        pb.Viewer(operator="x" * 256),
        pb.Viewer(owner="a\nb"),
    ],
)
@pytest.mark.parametrize("name", REQUESTS)
async def test_a_call_says_on_whose_behalf_it_is_made(
    stub: Any, viewer: pb.Viewer, name: str
) -> None:
    code, stated = await refusal(call(stub, name, str(new_task_id()), viewer))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert [violation.field for violation in stated.violations] == ["viewer"]


@pytest.fixture
async def line(database_url: str, open_proxy: Any) -> Any:
    """A line to the database that tests can cut."""
    parts = urlsplit(database_url)
    return await open_proxy(parts.hostname, parts.port)


@pytest.fixture
async def cut_pool(database_url: str, line: Any) -> AsyncIterator[asyncpg.Pool]:
    """Connections by way of `line`."""
    pool = await asyncpg.create_pool(line.url(database_url), min_size=0, max_size=2)
    yield pool
    pool.terminate()


@pytest.mark.parametrize(
    ("name", "answer", "after"),
    [
        ("RetryTask", b"FAILURE", "PENDING"),
        ("CancelTask", b"PENDING", "FAILURE"),
        ("DeletePhoto", b"originals/", None),
    ],
)
async def test_a_line_that_is_cut_before_the_answer_leaves_the_outcome_unknown(
    serve: Any,
    upload: Upload,
    cut_pool: asyncpg.Pool,
    line: Any,
    pool: asyncpg.Pool,
    name: str,
    answer: bytes,
    after: str | None,
) -> None:
    [task_id] = await upload(1, FAILED if name == "RetryTask" else "")
    stub = await serve(cut_pool)
    line.cut(answer, times=1)
    code, stated = await refusal(call(stub, name, task_id))
    assert line.cuts_left == 0
    assert (code, stated.code) == (grpc.StatusCode.ABORTED, ErrorCode.OUTCOME_UNKNOWN)
    assert await status(pool, task_id) == after


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_database_that_is_down_is_unavailable(serve: Any, name: str) -> None:
    url = f"postgresql://nobody:x@127.0.0.1:{free_ports(1)[0]}/none"
    async with asyncpg.create_pool(url, min_size=0) as lost:
        stub = await serve(lost)
        code, stated = await refusal(call(stub, name, str(new_task_id())))
    assert code is grpc.StatusCode.UNAVAILABLE
    assert stated.code is ErrorCode.DATABASE_UNAVAILABLE
    assert "127.0.0.1" not in stated.detail
