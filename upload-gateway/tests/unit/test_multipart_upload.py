import asyncio
import itertools
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterable
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photo_domain.errors import ErrorCode, RequestError
from photo_uploads.upload_pace import PaceRule
from photo_uploads.upload_parts import FileChunk, FileEnd
from upload_gateway.form_parts import FieldPart, FormFile, FormPart
from upload_gateway.multipart_upload import boundary_of, parse_upload
from upload_gateway.problems import Problem

Encode = Callable[[list[tuple[str, str | None, bytes]]], bytes]


async def arriving(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def collect(boundary: bytes, chunks: Iterable[bytes]) -> list[Any]:
    """The parts, with the chunks of a file put together."""
    collected: list[FormPart | bytes] = []
    async for part in parse_upload(boundary, arriving(chunks), 10**9):
        if isinstance(part, FileChunk):
            if isinstance(collected[-1], bytes):
                collected[-1] += bytes(part.data)
            else:
                collected.append(bytes(part.data))
        else:
            collected.append(part)
    return collected


async def test_files_and_fields_come_out_in_the_order_they_were_sent(
    boundary: bytes, encode: Encode
) -> None:
    body = encode([("token", None, b"secret"), ("images", "a b.jpg", b"one"), ("images", "c", b"")])
    assert await collect(boundary, [body]) == [
        FieldPart("token", "secret"),
        FormFile("images", "a b.jpg"),
        b"one",
        FileEnd(),
        FormFile("images", "c"),
        FileEnd(),
    ]


@settings(max_examples=60, deadline=None)
@given(
    contents=st.lists(st.binary(max_size=300), max_size=4),
    cuts=st.lists(st.integers(0, 2_000), max_size=30),
)
def test_where_the_body_is_cut_into_chunks_makes_no_difference(
    contents: list[bytes], cuts: list[int]
) -> None:
    boundary = b"cut"
    body = b""
    for content in contents:
        body += b"--cut\r\nContent-Disposition: form-data; name=images; filename=x.jpg\r\n\r\n"
        body += content.replace(b"\r\n--cut", b"") + b"\r\n"
    body += b"--cut--\r\n"
    edges = sorted({min(cut, len(body)) for cut in cuts} | {0, len(body)})
    pieces = [body[start:end] for start, end in itertools.pairwise(edges)]
    whole = asyncio.run(collect(boundary, [body]))
    assert asyncio.run(collect(boundary, pieces)) == whole


@pytest.mark.parametrize("missing", [1, 3, 10, 60])
async def test_a_body_that_ends_early_is_malformed(
    boundary: bytes, encode: Encode, missing: int
) -> None:
    body = encode([("images", "a.jpg", b"x" * 100)])[: -missing - 2]
    with pytest.raises(Problem) as refused:
        await collect(boundary, [body])
    assert (refused.value.status, refused.value.code) == (400, "malformed_multipart")


@pytest.mark.parametrize(
    "body",
    [
        b"no multipart at all",
        b"--gateway-test-boundary\r\nContent-Type: text/plain\r\n\r\nx\r\n",
        b'--gateway-test-boundary\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\r\n',
        b"--gateway-test-boundary\r\nContent-Disposition: form-data; name=a\r\n\r\n" + b"x" * 5000,
        b"--gateway-test-boundary\r\n" + b"X-Y: z\r\n" * 20 + b"\r\n",
    ],
    ids=["no parts", "no disposition", "not UTF-8", "large field", "many headers"],
)
async def test_a_body_that_breaks_the_rules_is_malformed(boundary: bytes, body: bytes) -> None:
    with pytest.raises(Problem) as refused:
        await collect(boundary, [body])
    assert (refused.value.status, refused.value.code) == (400, "malformed_multipart")


def file_part(boundary: bytes, disposition: bytes) -> bytes:
    head = b"--" + boundary + b"\r\nContent-Disposition: form-data; name=images; " + disposition
    return head + b"\r\n\r\nx\r\n--" + boundary + b"--\r\n"


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (b"filename*=UTF-8''%D1%84%20a.jpg", "ф a.jpg"),
        (b"FileName* = utf-8'en'a.jpg", "a.jpg"),
        (b"filename=\"=?utf-8?B?0YQ=?=\"; filename*=utf-8''%D1%84.jpg", "ф.jpg"),
        (b"filename*=UTF-8''%f0%9f%8c%84.jpg; filename=b.jpg", "\N{SUNRISE OVER MOUNTAINS}.jpg"),
        (b"filename=\"a; filename*=UTF-8''b.jpg\"", "a; filename*=UTF-8''b.jpg"),
        (b"filename=a.jpg; filename*=UTF-8''%f", "a.jpg"),
        (b"filename=a.jpg; filename*=UTF-8''%ff", "a.jpg"),
        (b"filename=a.jpg; filename*=utf-16''%61%00", "a.jpg"),
        (b"filename=a.jpg; filename*=UTF-8''", "a.jpg"),
        (b"filename=a.jpg; filename*0=b; filename*1=.jpg", "a.jpg"),
        (b"filename*=UTF-8''%00.jpg", "\0.jpg"),
    ],
)
async def test_a_name_that_says_how_it_is_encoded_counts_if_it_can_be_read(
    boundary: bytes, disposition: bytes, name: str
) -> None:
    parts = await collect(boundary, [file_part(boundary, disposition)])
    assert parts[0] == FormFile("images", name)


@pytest.mark.parametrize("value", [b"UTF-8''%f", b"UTF-8''%ff", b"latin-1''a", b"a.jpg", b'"a"'])
async def test_a_file_with_no_name_but_one_that_cannot_be_read_is_malformed(
    boundary: bytes, value: bytes
) -> None:
    with pytest.raises(Problem, match="RFC 8187"):
        await collect(boundary, [file_part(boundary, b"filename*=" + value)])


async def test_more_than_twenty_plain_fields_are_refused(boundary: bytes, encode: Encode) -> None:
    with pytest.raises(Problem, match="more than 20 fields"):
        await collect(boundary, [encode([(f"f{n}", None, b"v") for n in range(21)])])


async def test_a_silent_body_ends_as_too_slow(boundary: bytes) -> None:

    async def silent() -> AsyncIterator[bytes]:
        yield b"--"
        await asyncio.Event().wait()

    with pytest.raises(RequestError) as refused:
        async for _part in parse_upload(boundary, silent(), 10**9, PaceRule(rate_seconds=0.05)):
            pass
    assert refused.value.code is ErrorCode.BODY_TOO_SLOW


async def test_a_body_that_trickles_ends_as_too_slow(boundary: bytes) -> None:

    async def trickling() -> AsyncIterator[bytes]:
        yield b"--" + boundary + b"\r\nContent-Disposition: form-data; name=a\r\n\r\n"
        while True:
            await asyncio.sleep(0.01)
            yield b"x"

    with pytest.raises(RequestError) as refused:
        async for _part in parse_upload(boundary, trickling(), 10**9, PaceRule(rate_seconds=0.2)):
            pass
    assert refused.value.code is ErrorCode.BODY_TOO_SLOW


async def test_time_in_which_nobody_reads_does_not_make_a_body_slow(
    boundary: bytes, encode: Encode
) -> None:
    body = encode([("images", "a.jpg", b"x" * 100)])
    async for _part in parse_upload(
        boundary, arriving([body[:150], body[150:]]), 10**9, PaceRule(rate_seconds=0.05)
    ):
        await asyncio.sleep(0.06)  # what is tested is that the clock stands still meanwhile


async def test_a_body_without_end_is_refused_at_the_limit(boundary: bytes) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"--" + boundary + b"\r\nContent-Disposition: form-data; name=images; filename=a"
        yield b"\r\n\r\n"
        while True:
            yield b"x" * 65_536

    with pytest.raises(Problem) as refused:
        async for _part in parse_upload(boundary, endless(), 1_000_000):
            pass
    assert (refused.value.status, refused.value.code) == (413, "body_too_large")


async def test_more_than_a_thousand_parts_are_refused(boundary: bytes, encode: Encode) -> None:
    with pytest.raises(Problem, match="more than 1000 parts"):
        await collect(boundary, [encode([("images", "", b"")] * 1001)])


async def test_a_large_file_passes_through_without_being_held(boundary: bytes) -> None:
    head = b"--" + boundary + b"\r\n"
    head += b"Content-Disposition: form-data; name=images; filename=a\r\n\r\n"
    chunk = b"x" * 65_536
    seen = 0
    tracemalloc.start()
    try:
        body = arriving([head, *[chunk] * 800, b"\r\n--" + boundary + b"--\r\n"])
        async for part in parse_upload(boundary, body, 10**9):
            seen += len(part.data) if isinstance(part, FileChunk) else 0
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert seen == 800 * 65_536
    assert peak < 1024 * 1024


def test_the_boundary_is_read_from_the_header() -> None:
    assert boundary_of('multipart/form-data; boundary="a b"') == b"a b"


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("", HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        ("application/json", HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        ("multipart/mixed; boundary=x", HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        ("multipart/form-data", HTTPStatus.BAD_REQUEST),
        ("multipart/form-data; boundary=" + "x" * 71, HTTPStatus.BAD_REQUEST),
    ],
)
def test_a_content_type_without_a_usable_boundary_is_refused(
    content_type: str, status: HTTPStatus
) -> None:
    with pytest.raises(Problem) as refused:
        boundary_of(content_type)
    assert refused.value.status == status
