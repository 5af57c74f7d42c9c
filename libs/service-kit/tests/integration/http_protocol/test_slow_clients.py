"""Clients that send or read too slowly, and what they may take their time for."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from service_kit import http_protocol, slow_reader


async def test_a_connection_that_says_nothing_is_closed(
    connect: Any, everything: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "HEADER_SECONDS", 0.05)
    reader, _writer = await connect()
    assert await everything(reader) == b""


async def test_headers_that_never_end_are_told_so(
    connect: Any, everything: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "HEADER_SECONDS", 0.05)
    reader, writer = await connect()
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n")
    answer = await everything(reader)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"headers_too_slow"' in answer


async def test_a_body_that_nobody_reads_does_not_hold_its_connection(
    connect: Any, everything: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "UNREAD_BODY_SECONDS", 0.05)
    reader, writer = await connect()
    writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\nx")
    answer = await everything(reader)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert answer.endswith(b"never")


async def test_empty_lines_after_a_request_do_not_keep_its_connection_open(
    connect: Any, everything: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = await connect()
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b"never"), 20)
    monkeypatch.setattr(http_protocol, "HEADER_SECONDS", 0.05)
    closed = asyncio.create_task(everything(reader))
    while not closed.done():
        writer.write(b"\r\n")
        await asyncio.wait({closed}, timeout=0.01)
    with suppress(ConnectionError):
        assert await closed == b""


@pytest.mark.parametrize("path", ["/large", "/endless"])
async def test_a_client_that_does_not_read_is_cut_off(
    connect: Any, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(slow_reader, "READER_SECONDS", 0.05)
    reader, writer = await connect()
    writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    async with asyncio.timeout(20):
        while connect.connections:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)


async def test_a_client_that_reads_slowly_but_steadily_gets_all_of_it(
    connect: Any, large_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_reader, "READER_SECONDS", 1.0)
    monkeypatch.setattr(slow_reader, "MIN_READER_RATE", 1)
    reader, writer = await connect()
    began = asyncio.get_running_loop().time()
    writer.write(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    pieces = 40
    for _ in range(pieces):
        await asyncio.wait_for(reader.readexactly(large_size // pieces), 20)
        await asyncio.sleep(2.5 / pieces)
    assert asyncio.get_running_loop().time() - began > 2 * slow_reader.READER_SECONDS


async def test_large_answers_that_are_read_come_whole(
    connect: Any, large_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_reader, "READER_SECONDS", 5)
    reader, writer = await connect()
    for _ in range(2):
        writer.write(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        assert len(await asyncio.wait_for(reader.readexactly(large_size), 20)) == large_size
