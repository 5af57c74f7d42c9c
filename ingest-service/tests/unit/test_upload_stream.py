from collections.abc import AsyncIterator

import pytest

from ingest_service.upload_stream import (
    MAX_CHUNK_SIZE,
    BatchEnd,
    BatchHeader,
    StreamMessage,
    UnknownMessage,
    UploadStream,
)
from photo_domain.errors import ErrorCode, RequestError
from photo_domain.limits import UploadLimits
from photo_uploads.upload_pace import UploadPace
from photo_uploads.upload_parts import FileChunk, FileEnd, FilePart, UploadPart

HEADER = BatchHeader("owner", "key")
FILE = FilePart("a.jpg")
CHUNK = FileChunk(memoryview(b"bytes"))
END = FileEnd()
LIMITS = UploadLimits(max_files=2, max_file_size=MAX_CHUNK_SIZE)


async def read(*messages: StreamMessage) -> list[UploadPart]:
    async def arriving() -> AsyncIterator[StreamMessage]:
        for message in messages:
            yield message

    stream = UploadStream(arriving(), UploadPace(), LIMITS)
    assert await stream.header() == HEADER
    return [part async for part in stream.files()]


async def test_the_files_of_a_stream_in_order_come_out_as_they_are() -> None:
    parts = [FILE, CHUNK, CHUNK, END, FILE, END]
    assert await read(HEADER, *parts, BatchEnd(2)) == parts
    assert await read(HEADER, BatchEnd(0)) == []


async def test_what_follows_the_end_is_not_read() -> None:
    assert await read(HEADER, BatchEnd(0), HEADER, UnknownMessage()) == []


@pytest.mark.parametrize(
    ("messages", "field", "rule"),
    [
        ([], "messages[0]", "is missing"),
        ([HEADER], "messages[1]", "is missing"),
        ([HEADER, FILE, CHUNK, END], "messages[4]", "is missing"),
        ([FILE], "messages[0]", "must be the `batch`"),
        ([UnknownMessage()], "messages[0]", "must be the `batch`"),
        ([HEADER, HEADER], "messages[1].batch", "must come once"),
        ([HEADER, FILE, HEADER], "messages[2].batch", "must come once"),
        ([HEADER, CHUNK], "messages[1].chunk", "must follow a `file`"),
        ([HEADER, FILE, END, CHUNK], "messages[3].chunk", "must follow a `file`"),
        ([HEADER, END], "messages[1].file_end", "must follow a `file`"),
        ([HEADER, FILE, END, END], "messages[3].file_end", "must follow a `file`"),
        ([HEADER, FILE, FILE], "messages[2].file", "must follow a `file_end`"),
        ([HEADER, FILE, BatchEnd(1)], "messages[2].batch_end", "must follow a `file_end`"),
        ([HEADER, BatchEnd(1)], "messages[1].batch_end.file_count", "must be the 0 that came"),
        ([HEADER, FILE, END, BatchEnd(0)], "messages[3].batch_end.file_count", "must be the 1"),
        ([HEADER, UnknownMessage()], "messages[1]", "must have a part"),
        ([HEADER, FILE, FileChunk(memoryview(b""))], "messages[2].chunk", "must have 1 to"),
        (
            [HEADER, FILE, FileChunk(memoryview(bytes(MAX_CHUNK_SIZE + 1)))],
            "messages[2].chunk",
            "must have 1 to",
        ),
    ],
)
async def test_a_message_out_of_order_is_named(
    messages: list[StreamMessage], field: str, rule: str
) -> None:
    with pytest.raises(RequestError) as refused:
        await read(*messages)
    assert refused.value.code is ErrorCode.INVALID_ARGUMENT
    violation = refused.value.violations[0]
    assert violation.field == field
    assert violation.description.startswith(rule)


async def test_all_chunks_together_have_a_limit() -> None:
    full = FileChunk(memoryview(bytes(MAX_CHUNK_SIZE)))
    assert len(await read(HEADER, FILE, full, full, END, BatchEnd(1))) == 4
    with pytest.raises(RequestError) as refused:
        await read(HEADER, FILE, full, full, full, END, BatchEnd(1))
    assert refused.value.code is ErrorCode.BODY_TOO_LARGE
