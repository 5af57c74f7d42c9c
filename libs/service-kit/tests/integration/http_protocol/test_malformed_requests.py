"""What cannot be read is refused, and no other protocol is spoken."""

import asyncio
from typing import Any

import pytest

CHUNKED = b"POST /read HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
UPGRADE = b"connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAA"


@pytest.mark.parametrize(
    "request_text",
    [
        b"\x16\x03\x01 TLS",
        b"GET / HTTP/1.1\nhost: x\n\n",
        b"GET / HTTP/1.1\r\nhost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\na: b\0\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST /read HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST /read HTTP/1.1\r\ncontent-length: +1\r\n\r\nx",
        b"POST /read HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx",
        b"POST /read HTTP/1.1\r\ncontent-length: 99999999999999999999999\r\n\r\nx",
        b"POST /read HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /read HTTP/1.1\r\ntransfer-encoding: chunked, gzip\r\n\r\nx",
        CHUNKED + b"-1\r\nx\r\n",
        CHUNKED + b"xyz\r\n",
        CHUNKED + b"fffffffffffffffff\r\n",
        CHUNKED + b"1\r\nxx\r\n",
    ],
    ids=[
        "no HTTP",
        "bare line feeds",
        "space before a colon",
        "NUL",
        "no ASCII",
        "negative length",
        "signed length",
        "two lengths",
        "length beyond 64 bits",
        "length and chunks",
        "chunked not last",
        "negative chunk",
        "no number",
        "chunk beyond 64 bits",
        "chunk too short",
    ],
)
async def test_what_cannot_be_read_is_a_problem(
    connect: Any, everything: Any, request_text: bytes
) -> None:
    reader, writer = await connect()
    writer.write(request_text)
    answer = await everything(reader)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json\r\n" in answer
    assert b'"code":"malformed_request"' in answer


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"chunked\r\ntransfer-encoding: chunked"])
async def test_a_transfer_coding_that_nobody_undoes_is_not_implemented(
    connect: Any, everything: Any, coding: bytes
) -> None:
    reader, writer = await connect()
    writer.write(b"POST /read HTTP/1.1\r\ntransfer-encoding: " + coding + b"\r\n\r\n0\r\n\r\n")
    answer = await everything(reader)
    assert answer.startswith((b"HTTP/1.1 501 ", b"HTTP/1.1 400 "))


@pytest.mark.parametrize("more", [b"\0", b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 102])
async def test_no_error_gets_into_an_answer_that_has_begun(
    connect: Any, everything: Any, more: bytes
) -> None:
    reader, writer = await connect()
    writer.write(b"GET /until-left HTTP/1.1\r\nhost: x\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b"begun\r\n"), 20)
    writer.write(more)
    assert await everything(reader) == b""


async def test_a_request_that_asks_for_another_protocol_is_answered_in_this_one(
    connect: Any,
) -> None:
    reader, writer = await connect()
    head = b"POST /read HTTP/1.1\r\n" + UPGRADE + b"\r\ncontent-length: 6\r\n\r\n"
    for body in (b"abc", b"abc"):
        writer.write(head + body)
        await writer.drain()
        writer.write(b"def")
        await asyncio.wait_for(reader.readuntil(b"6 bytes, 3 headers"), 20)


@pytest.mark.parametrize("more", [b"", b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"])
async def test_nobody_is_connected_to_elsewhere(connect: Any, everything: Any, more: bytes) -> None:
    reader, writer = await connect()
    writer.write(b"CONNECT example.org:80 HTTP/1.1\r\nhost: x\r\n\r\n" + more)
    assert (await everything(reader)).startswith(b"HTTP/1.1 400 ")
