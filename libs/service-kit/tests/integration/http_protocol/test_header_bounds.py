"""Headers, and what else is no body, have an end."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

CHUNKED = b"POST /read HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"


async def test_a_header_without_end_is_cut_off(connect: Any) -> None:
    _reader, writer = await connect()
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nx-long: ")

    async def flood() -> None:
        while True:
            writer.write(b"x" * 4096)
            await writer.drain()

    with pytest.raises(ConnectionError):
        await asyncio.wait_for(flood(), 20)


async def test_large_headers_are_refused_with_a_reason(connect: Any, everything: Any) -> None:
    reader, writer = await connect()
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n" + b"x-a: " + b"y" * 70_000)
    answer = await everything(reader)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"code":"headers_too_large"' in answer


@pytest.mark.parametrize(
    "headers",
    [
        b" HTTP/1.1\r\n" + b"a: b\r\n" * 101,
        b" HTTP/1.1\r\n" + (b"a: " + b"b" * 1000 + b"\r\n") * 70,
        b"a" * 65_532 + b" HTTP/1.1\r\na: bbbb\r\n",
        b"a" * 65_536 + b" HTTP/1.1\r\na: b\r\n",
    ],
    ids=["many", "large together", "large with the address", "a large address"],
)
async def test_headers_that_come_all_at_once_have_the_same_bounds(
    connect: Any, everything: Any, headers: bytes
) -> None:
    reader, writer = await connect()
    writer.write(b"GET /" + headers + b"\r\n")
    answer = await everything(reader)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"code":"headers_too_large"' in answer


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"1\r\nx\r\n0\r\n", b"a: b\r\n" * 1000),
        (b"1\r\nx\r\n0\r\na: ", b"b" * 4096),
        (b"1;a=", b"b" * 4096),
    ],
    ids=["trailers", "one trailer", "chunk extension"],
)
async def test_what_is_no_body_has_an_end_behind_the_headers_too(
    connect: Any, everything: Any, begin: bytes, more: bytes
) -> None:
    reader, writer = await connect()
    writer.write(CHUNKED + begin)

    async def flood() -> None:
        while True:
            writer.write(more)
            await writer.drain()

    answer = asyncio.create_task(everything(reader))
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(flood(), 20)
    with suppress(ConnectionError):
        assert (await answer).startswith(b"HTTP/1.1 431 ")


async def test_trailers_are_no_headers(connect: Any) -> None:
    reader, writer = await connect()
    writer.write(CHUNKED + b"3\r\nabc\r\n0\r\nauthorization: Bearer x\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b"3 bytes, 2 headers"), 20)


async def test_a_chunked_body_may_be_larger_than_headers_may(connect: Any) -> None:
    reader, writer = await connect()
    # Of every chunk of one byte five are no body.
    writer.write(CHUNKED + b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b"50000 bytes, 2 headers"), 20)
