"""Bad connections against a real server with a small app."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import uvicorn

from upload_gateway import http_protocol
from upload_gateway.http_protocol import BoundedHttpProtocol
from upload_gateway.request_edge import RequestEdge

Connect = Any
# More than the system takes off the server's hands for a client that does not read.
LARGE = 32 * 1024 * 1024


async def large(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-length", b"%d" % LARGE)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(LARGE)})


async def endless(scope: Any, receive: Any, send: Any) -> None:
    async def until_disconnected() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    gone = asyncio.create_task(until_disconnected())
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while not gone.done():
        await send({"type": "http.response.body", "body": bytes(65_536), "more_body": True})
        await asyncio.sleep(0)


async def answer_without_reading(scope: Any, receive: Any, send: Any) -> None:
    if other := {"/large": large, "/endless": endless}.get(scope["path"]):
        await other(scope, receive, send)
        return
    headers = [(b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": b"never"})


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    config = uvicorn.Config(
        RequestEdge(answer_without_reading),
        port=0,
        http=BoundedHttpProtocol,
        lifespan="off",
        log_config=None,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - the server has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    writers: list[asyncio.StreamWriter] = []

    async def open_connection() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        return reader, writer

    open_connection.connections = server.server_state.connections  # type: ignore[attr-defined]
    yield open_connection
    for writer in writers:
        writer.close()
    server.should_exit = True
    await serving


async def everything(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(20):
        return await reader.read(-1)


async def test_a_header_without_end_is_cut_off(connect: Connect) -> None:
    _reader, writer = await connect()
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nx-long: ")

    async def flood() -> None:
        while True:
            writer.write(b"x" * 4096)
            await writer.drain()

    with pytest.raises(ConnectionError):
        await asyncio.wait_for(flood(), 20)


async def test_large_headers_are_refused_with_a_reason(connect: Connect) -> None:
    reader, writer = await connect()
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n" + b"x-a: " + b"y" * 70_000)
    answer = await everything(reader)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"code":"headers_too_large"' in answer


async def test_a_connection_that_says_nothing_is_closed(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "HEADER_SECONDS", 0.05)
    reader, _writer = await connect()
    assert await everything(reader) == b""


async def test_headers_that_never_end_are_told_so(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "HEADER_SECONDS", 0.05)
    reader, writer = await connect()
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n")
    answer = await everything(reader)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"headers_too_slow"' in answer


async def test_a_body_that_nobody_reads_does_not_hold_its_connection(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "UNREAD_BODY_SECONDS", 0.05)
    reader, writer = await connect()
    writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\nx")
    answer = await everything(reader)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert answer.endswith(b"never")


async def test_empty_lines_after_a_request_do_not_keep_its_connection_open(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
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


async def test_an_empty_line_before_a_request_does_no_harm(connect: Connect) -> None:
    reader, writer = await connect()
    for _ in range(2):
        writer.write(b"\r\n")
        await writer.drain()
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"never"), 20)


@pytest.mark.parametrize("path", ["/large", "/endless"])
async def test_a_client_that_does_not_read_is_cut_off(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(http_protocol, "READER_SECONDS", 0.05)
    reader, writer = await connect()
    writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    async with asyncio.timeout(20):
        while connect.connections:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)


async def test_large_answers_that_are_read_come_whole(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "READER_SECONDS", 5)
    reader, writer = await connect()
    for _ in range(2):
        writer.write(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        assert len(await asyncio.wait_for(reader.readexactly(LARGE), 20)) == LARGE


async def test_one_connection_serves_many_requests(connect: Connect) -> None:
    reader, writer = await connect()
    for _ in range(3):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        assert head.startswith(b"HTTP/1.1 403 ")
        assert await reader.readexactly(5) == b"never"


async def test_head_is_answered_like_get_without_a_body(connect: Connect) -> None:
    reader, writer = await connect()
    writer.write(b"HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    answer = await everything(reader)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"content-length: 5" in answer
    assert answer.endswith(b"\r\n\r\n")
