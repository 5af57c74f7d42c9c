"""Requests that can be read: one on a connection, one after the other, many at once."""

import asyncio
from typing import Any


async def test_one_connection_serves_many_requests(connect: Any) -> None:
    reader, writer = await connect()
    for _ in range(3):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        assert head.startswith(b"HTTP/1.1 403 ")
        assert await reader.readexactly(5) == b"never"


async def test_head_is_answered_like_get_without_a_body(connect: Any, everything: Any) -> None:
    reader, writer = await connect()
    writer.write(b"HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    answer = await everything(reader)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"content-length: 5" in answer
    assert answer.endswith(b"\r\n\r\n")


async def test_an_empty_line_before_a_request_does_no_harm(connect: Any) -> None:
    reader, writer = await connect()
    for _ in range(2):
        writer.write(b"\r\n")
        await writer.drain()
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"never"), 20)


async def test_requests_that_come_together_are_answered_in_turn(connect: Any) -> None:
    reader, writer = await connect()
    one = b"POST /read HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nx"
    writer.write(one + b"GET / HTTP/1.1\r\nhost: x\r\n\r\n" * 16)
    for end in (b"1 bytes, 2 headers", *[b"never"] * 16):
        await asyncio.wait_for(reader.readuntil(end), 20)


async def test_only_so_many_requests_wait_on_a_connection(connect: Any, everything: Any) -> None:
    reader, writer = await connect()
    writer.write(b"GET /until-left HTTP/1.1\r\nhost: x\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b"begun\r\n"), 20)
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n" * 17)
    assert await everything(reader) == b""


async def test_who_answers_hears_that_a_client_with_more_requests_has_left(
    connect: Any,
) -> None:
    reader, writer = await connect()
    writer.write(b"GET /endless HTTP/1.1\r\nhost: x\r\n\r\n")
    await asyncio.wait_for(reader.readexactly(100_000), 20)
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    await writer.drain()
    writer.close()
    async with asyncio.timeout(20):
        while connect.requests:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)
