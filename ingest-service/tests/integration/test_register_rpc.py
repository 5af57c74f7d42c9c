"""RegisterBatch as its clients meet it: over gRPC, with Postgres and Redis behind it."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import grpc
import pytest

from local_stack.ports import free_ports
from photo.ingest.v1 import ingest_service_pb2 as pb
from photo_domain.errors import ErrorCode, RequestError
from photo_domain.limits import UPLOAD_LIMITS
from photo_domain.object_keys import new_nonce
from photo_domain.rejection import RejectionCode
from photo_domain.task_id import new_task_id
from photo_records.task_queue import Lane
from service_kit.grpc_server import MAX_MESSAGE_SIZE
from service_kit.rpc_errors import request_error_of


@pytest.fixture
async def lost_pool() -> AsyncIterator[asyncpg.Pool]:
    """Connections to a database that is down."""
    pool = await asyncpg.create_pool(
        f"postgresql://nobody:x@127.0.0.1:{free_ports(1)[0]}/none", min_size=0
    )
    yield pool
    await pool.close()


async def refusal(call: Any) -> tuple[grpc.StatusCode, RequestError]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    stated = request_error_of(caught.value)
    assert stated is not None
    return caught.value.code(), stated


async def test_a_batch_is_registered_published_and_answered(
    stub: Any,
    pool: asyncpg.Pool,
    claims: Any,
    open_queue: Any,
    redis_url: str,
    eventually: Any,
    register_request: Any,
) -> None:
    claim = claims.batch(3, rejected=[claims.rejected(3)])
    metadata = [("x-request-id", "r1")]
    answer = await stub.RegisterBatch(register_request(claim), timeout=20, metadata=metadata)
    assert [task.task_id for task in answer.tasks] == [file.task_id for file in claim.files]
    rows = await pool.fetch("SELECT id, batch_id, created_at FROM photos ORDER BY position")
    assert [task.photo_id for task in answer.tasks] == [row["id"] for row in rows]
    assert answer.batch_id == str(rows[0]["batch_id"])
    assert answer.create_time.ToMicroseconds() == int(rows[0]["created_at"].timestamp() * 10**6)
    queue = open_queue(redis_url)
    await eventually(lambda: len(queue.messages(Lane.INTERACTIVE)) == 3)
    assert queue.messages(Lane.INTERACTIVE)[0]["headers"]["request_id"] == "r1"


async def test_a_repeated_call_gets_the_same_answer(
    stub: Any, claims: Any, register_request: Any
) -> None:
    request = register_request(claims.batch(2))
    first = await stub.RegisterBatch(request, timeout=20)
    assert await stub.RegisterBatch(request, timeout=20) == first


async def test_a_repeated_call_tells_the_places_of_what_is_left_of_its_batch(
    stub: Any, pool: asyncpg.Pool, claims: Any, register_request: Any
) -> None:
    files = [claims.file(0), claims.file(2), claims.file(3)]
    claim = claims.batch(files=files, rejected=[claims.rejected(1)])
    first = await stub.RegisterBatch(register_request(claim), timeout=20)
    assert [task.position for task in first.tasks] == [0, 2, 3]
    await pool.execute("DELETE FROM photos WHERE position = 2")
    again = await stub.RegisterBatch(register_request(claim), timeout=20)
    assert again.batch_id == first.batch_id
    assert list(again.tasks) == [first.tasks[0], first.tasks[2]]
    await pool.execute("DELETE FROM photos")
    emptied = await stub.RegisterBatch(register_request(claim), timeout=20)
    assert (emptied.batch_id, list(emptied.tasks)) == (first.batch_id, [])


async def test_a_refused_name_with_a_nul_does_not_fail_the_good_files(
    stub: Any,
    pool: asyncpg.Pool,
    claims: Any,
    register_request: Any,
) -> None:
    errors = (("name_invalid", "x"),)
    rejected = [claims.rejected(1, file_name="a\0b.jpg", errors=errors)]
    request = register_request(claims.batch(1, rejected=rejected))
    assert len((await stub.RegisterBatch(request, timeout=20)).tasks) == 1
    name = await pool.fetchval("SELECT rejected->0->>'file_name' FROM batches")
    assert name == "a\N{REPLACEMENT CHARACTER}b.jpg"


async def test_the_largest_batch_that_breaks_no_rule_is_taken(
    stub: Any, claims: Any, register_request: Any, pool: asyncpg.Pool
) -> None:
    longest = "📷" * UPLOAD_LIMITS.max_file_name_characters
    errors = tuple((code, "x" * 500) for code in RejectionCode)
    rejected = [
        claims.rejected(position, file_name=longest, errors=errors)
        for position in range(1, UPLOAD_LIMITS.max_files)
    ]
    claim = claims.batch(1, owner="📷" * 255, idempotency_key="x" * 255, rejected=rejected)
    request = register_request(claim)
    assert len((await stub.RegisterBatch(request, timeout=20)).tasks) == 1
    assert await pool.fetchval("SELECT jsonb_array_length(rejected) FROM batches") == 99
    request.rejected[0].errors[0].detail = "x" * (MAX_MESSAGE_SIZE - request.ByteSize() + 1000)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.RegisterBatch(request, timeout=20)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_batch_that_breaks_rules_is_told_which(
    stub: Any, claims: Any, register_request: Any
) -> None:
    request = register_request(claims.batch(files=[claims.file(0), claims.file(1, size=0)]))
    code, stated = await refusal(stub.RegisterBatch(request, timeout=20))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert [violation.field for violation in stated.violations] == ["files[1].size"]


async def test_a_known_task_and_another_batch_under_a_key_are_told_apart(
    stub: Any,
    claims: Any,
    register_request: Any,
) -> None:
    claim = claims.batch(2, idempotency_key="key")
    await stub.RegisterBatch(register_request(claim), timeout=20)
    known = stub.RegisterBatch(register_request(claims.batch(files=claim.files)), timeout=20)
    other = stub.RegisterBatch(register_request(claims.batch(1, idempotency_key="key")), timeout=20)
    code, stated = await refusal(known)
    assert (code, stated.code) == (grpc.StatusCode.ALREADY_EXISTS, ErrorCode.TASK_EXISTS)
    code, stated = await refusal(other)
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert stated.code is ErrorCode.IDEMPOTENCY_MISMATCH


async def test_a_database_that_is_down_is_unavailable_for_every_call(
    serve: Any,
    lost_pool: asyncpg.Pool,
    claims: Any,
    register_request: Any,
) -> None:
    stub = await serve(lost_pool)
    original = pb.OriginalRef(task_id=str(new_task_id()), nonce=new_nonce())
    for call in (
        stub.RegisterBatch(register_request(claims.batch(1)), timeout=20),
        stub.DiscardObjects(pb.DiscardObjectsRequest(originals=[original]), timeout=20),
    ):
        code, stated = await refusal(call)
        assert code is grpc.StatusCode.UNAVAILABLE
        assert stated.code is ErrorCode.DATABASE_UNAVAILABLE
        assert "127.0.0.1" not in stated.detail
