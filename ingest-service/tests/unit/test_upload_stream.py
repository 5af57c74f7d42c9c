import asyncio
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
from photo_uploads.upload_pace import PaceRule, UploadPace
from photo_uploads.upload_parts import FileChunk, FileEnd, FilePart, UploadPart

HEADER = BatchHeader("owner", "key")
FILE = FilePart("a.jpg")
CHUNK = FileChunk(memoryview(b"bytes"))
END = FileEnd()
LIMITS = UploadLimits(max_files=2, max_file_size=MAX_CHUNK_SIZE)


async def read_all(
    messages: AsyncIterator[StreamMessage], pace: UploadPace | None = None
) -> list[UploadPart]:
    stream = UploadStream(messages, pace or UploadPace(), LIMITS)
    assert await stream.header() == HEADER
    return [part async for part in stream.files()]


async def read(*messages: StreamMessage) -> list[UploadPart]:
    async def arriving() -> AsyncIterator[StreamMessage]:
        for message in messages:
            yield message

    return await read_all(arriving())


async def test_the_files_of_a_stream_in_order_come_out_as_they_are() -> None:
    parts = [FILE, CHUNK, CHUNK, END, FILE, END]
    assert await read(HEADER, *parts, BatchEnd(2)) == parts
    assert await read(HEADER, BatchEnd(0)) == []


async def test_a_name_may_have_the_bytes_of_the_longest_that_is_accepted() -> None:
    longest = FilePart("📷" * LIMITS.max_file_name_characters)
    assert await read(HEADER, longest, END, BatchEnd(1)) == [longest, END]


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
        ([HEADER, FilePart("é" * 511)], "messages[1].file.file_name", "must have at most 1020"),
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


async def test_a_chunk_may_take_as_long_as_its_bytes_at_the_least_rate() -> None:
    async def slowly() -> AsyncIterator[StreamMessage]:
        for message in (HEADER, FILE):
            yield message
        await asyncio.sleep(0.2)  # four times the window; the chunk has a whole second
        for message in (FileChunk(memoryview(bytes(MAX_CHUNK_SIZE))), END, BatchEnd(1)):
            yield message

    pace = UploadPace(PaceRule(rate_seconds=0.05, min_rate=MAX_CHUNK_SIZE))
    assert len(await read_all(slowly(), pace)) == 3


@pytest.mark.parametrize("sent", [[], [HEADER], [HEADER, FILE, END]])
async def test_where_no_chunk_can_follow_silence_ends_the_stream_sooner(
    sent: list[StreamMessage],
) -> None:
    async def silent_after_them() -> AsyncIterator[StreamMessage]:
        for message in sent:
            yield message
        await asyncio.Event().wait()

    # A chunk would be waited for for hours.
    pace = UploadPace(PaceRule(rate_seconds=0.05, min_rate=1))
    with pytest.raises(RequestError) as refused:
        await read_all(silent_after_them(), pace)
    assert refused.value.code is ErrorCode.BODY_TOO_SLOW


async def test_all_chunks_together_have_a_limit() -> None:
    full = FileChunk(memoryview(bytes(MAX_CHUNK_SIZE)))
    assert len(await read(HEADER, FILE, full, full, END, BatchEnd(1))) == 4
    with pytest.raises(RequestError) as refused:
        await read(HEADER, FILE, full, full, full, END, BatchEnd(1))
    assert refused.value.code is ErrorCode.BODY_TOO_LARGE


async def test_files_at_their_limit_fit_in_chunks_of_one_kibibyte() -> None:
    chunk = FileChunk(memoryview(bytes(1024)))
    file = [FILE, *[chunk] * (LIMITS.max_file_size // 1024), END]
    assert await read(HEADER, *file, *file, BatchEnd(2)) == file * 2


async def test_tiny_chunks_count_as_if_they_were_not() -> None:
    tiny = [FileChunk(memoryview(b"x"))] * (LIMITS.max_body_size // 1024)
    with pytest.raises(RequestError) as refused:
        await read(HEADER, FILE, *tiny, END, BatchEnd(1))
    assert refused.value.code is ErrorCode.BODY_TOO_LARGE
