"""UploadBatch as its clients meet it: over gRPC, with Postgres, Redis and storage behind it."""

import hashlib
from typing import Any

import asyncpg
import grpc
import pytest

from photo_domain.errors import ErrorCode
from photo_domain.limits import UPLOAD_LIMITS
from photo_records.task_queue import Lane
from photo_uploads.upload_capacity import UploadCapacity
from service_kit.grpc_server import MAX_MESSAGE_SIZE


async def test_valid_files_are_stored_registered_and_published_and_others_listed(
    stub: Any,
    messages: Any,
    storage: Any,
    jpeg: bytes,
    pool: asyncpg.Pool,
    open_queue: Any,
    redis_url: str,
    eventually: Any,
    capacity: UploadCapacity,
) -> None:
    sent = messages.upload(("a.jpg", jpeg), ("b.png", jpeg), ("", b""), ("d.jpg", jpeg[:-1]))
    metadata = [("x-request-id", "r1")]
    answer = await stub.UploadBatch(iter(sent), timeout=60, metadata=metadata)
    assert [task.position for task in answer.tasks] == [0, 3]
    assert [
        (file.position, file.file_name, [each.code for each in file.errors])
        for file in answer.rejected
    ] == [(1, "b.png", ["content_mismatch"]), (2, "", ["name_missing", "empty_file"])]
    photos = await pool.fetch("SELECT * FROM photos ORDER BY position")
    assert [(str(row["task_id"]), row["id"]) for row in photos] == [
        (task.task_id, task.photo_id) for task in answer.tasks
    ]
    assert {(row["owner"], row["content_type"], str(row["batch_id"])) for row in photos} == {
        ("owner", "image/jpeg", answer.batch_id)
    }
    assert [row["sha256"] for row in photos] == [
        hashlib.sha256(content).digest() for content in (jpeg, jpeg[:-1])
    ]
    assert answer.create_time.ToMicroseconds() == int(photos[0]["created_at"].timestamp() * 10**6)
    assert storage.contents() == sorted([jpeg, jpeg[:-1]])
    queue = open_queue(redis_url)
    await eventually(lambda: len(queue.messages(Lane.INTERACTIVE)) == 2)
    assert queue.messages(Lane.INTERACTIVE)[0]["headers"]["request_id"] == "r1"
    assert capacity.budget.reserved == capacity.places.taken == 0


async def test_a_repeated_upload_gets_the_first_answer_and_its_copies_go(
    send: Any, messages: Any, storage: Any, jpeg: bytes, pool: asyncpg.Pool
) -> None:
    sent = messages.upload(("a.jpg", jpeg), ("b.txt", b"x"), ("c.jpg", jpeg[:-1]), key="key")
    first = await send(sent)
    assert await send(sent) == first
    assert len(storage.contents()) == 2
    await pool.execute("DELETE FROM photos WHERE position = 0")
    left = await send(sent)
    assert (left.batch_id, list(left.tasks)) == (first.batch_id, [first.tasks[1]])


async def test_a_key_of_other_files_refuses_the_upload_and_discards_it(
    send: Any, messages: Any, storage: Any, jpeg: bytes, refused: Any, rows: Any
) -> None:
    await send(messages.upload(("a.jpg", jpeg), key="key"))
    code, stated = await refused(send(messages.upload(("a.jpg", jpeg[:-1]), key="key")))
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert stated.code is ErrorCode.IDEMPOTENCY_MISMATCH
    assert storage.contents() == [jpeg]
    assert await rows() == 1


async def test_without_a_key_every_upload_is_a_new_one(
    send: Any, messages: Any, jpeg: bytes, rows: Any
) -> None:
    first = await send(messages.upload(("a.jpg", jpeg)))
    second = await send(messages.upload(("a.jpg", jpeg)))
    assert first.batch_id != second.batch_id
    assert await rows() == 2


async def test_an_upload_without_a_valid_file_is_told_what_is_wrong_with_each(
    send: Any, messages: Any, storage: Any, refused: Any, rows: Any
) -> None:
    code, stated = await refused(send(messages.upload(("a.txt", b"x"), ("b.jpg", b""))))
    assert (code, stated.code) == (grpc.StatusCode.INVALID_ARGUMENT, ErrorCode.NO_VALID_FILES)
    assert [(each.field, each.description.partition(":")[0]) for each in stated.violations] == [
        ("files[0]", "unsupported_extension"),
        ("files[1]", "empty_file"),
    ]
    assert storage.is_empty()
    assert await rows() == 0


async def test_an_upload_without_files_is_refused(send: Any, messages: Any, refused: Any) -> None:
    code, stated = await refused(send(messages.upload()))
    assert (code, stated.code) == (grpc.StatusCode.INVALID_ARGUMENT, ErrorCode.NO_FILES)


async def test_one_file_too_many_refuses_all(
    send: Any, messages: Any, storage: Any, jpeg: bytes, refused: Any, rows: Any
) -> None:
    count = UPLOAD_LIMITS.max_files
    full = [(f"{number}.jpg", jpeg[:1000]) for number in range(count)]
    assert len((await send(messages.upload(*full, owner="other"))).tasks) == count
    code, stated = await refused(send(messages.upload(*full, ("one more.jpg", jpeg))))
    assert (code, stated.code) == (grpc.StatusCode.INVALID_ARGUMENT, ErrorCode.TOO_MANY_FILES)
    assert len(storage.contents()) == count
    assert await rows() == 1


async def test_a_file_at_the_limit_is_accepted_and_one_above_rejected(
    send: Any, messages: Any, storage: Any, jpeg: bytes
) -> None:
    full = jpeg + bytes(UPLOAD_LIMITS.max_file_size - len(jpeg))
    answer = await send(messages.upload(("a.jpg", full), ("b.jpg", full + b"x")))
    assert [task.position for task in answer.tasks] == [0]
    assert [error.code for error in answer.rejected[0].errors] == ["file_too_large"]
    assert storage.contents() == [full]


@pytest.mark.parametrize(
    ("names", "field"),
    [
        ({"owner": ""}, "messages[0].batch.owner"),
        ({"owner": "x" * 256}, "messages[0].batch.owner"),
        ({"owner": "a\nb"}, "messages[0].batch.owner"),
        ({"key": "ключ"}, "messages[0].batch.idempotency_key"),
        ({"key": "x" * 256}, "messages[0].batch.idempotency_key"),
    ],
)
async def test_the_names_are_checked_before_the_first_byte(
    open_upload: Any, messages: Any, refused: Any, names: dict[str, str], field: str
) -> None:
    # Nothing follows: an answer that waited for it would never come.
    code, stated = await refused(open_upload(messages.header(**names)).call)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert [each.field for each in stated.violations] == [field]


async def test_messages_out_of_order_are_named_and_what_was_stored_is_discarded(
    open_upload: Any, messages: Any, jpeg: bytes, refused: Any, storage: Any, rows: Any
) -> None:
    sent = [messages.header(), *messages.file("a.jpg", jpeg[:9]), messages.header()]
    code, stated = await refused(open_upload(*sent).call)
    assert (code, stated.code) == (grpc.StatusCode.INVALID_ARGUMENT, ErrorCode.INVALID_ARGUMENT)
    assert [each.field for each in stated.violations] == ["messages[4].batch"]
    assert storage.is_empty()
    assert await rows() == 0


async def test_a_chunk_that_is_too_large_is_refused(
    open_upload: Any, messages: Any, refused: Any
) -> None:
    sent = [messages.header(), messages.begin("a.jpg"), messages.chunk(bytes(256 * 1024 + 1))]
    code, stated = await refused(open_upload(*sent).call)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert stated.violations[0].description == "must have 1 to 262144 bytes, not 262145"


async def test_a_message_beyond_what_grpc_takes_ends_the_upload(
    open_upload: Any, messages: Any, jpeg: bytes, storage: Any, rows: Any, eventually: Any
) -> None:
    sent = [messages.header(), *messages.file("a.jpg", jpeg), messages.begin("b.jpg")]
    opened = open_upload(*sent, messages.chunk(bytes(MAX_MESSAGE_SIZE)))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await opened.call
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    await eventually(storage.is_empty)
    assert await rows() == 0
