"""Bad connections against a real server with a small app."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import uvicorn

from upload_gateway import http_protocol, slow_reader
from upload_gateway.http_protocol import BoundedHttpProtocol
from upload_gateway.request_edge import RequestEdge

Connect = Any
# More than the system takes off the server's hands for a client that does not read.
LARGE = 32 * 1024 * 1024


async def large(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-length", b"%d" % LARGE)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(LARGE)})


async def until_left(scope: Any, receive: Any, send: Any) -> None:
    """An answer that goes on until the client leaves, as event streams do."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass


async def read_body(scope: Any, receive: Any, send: Any) -> None:
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    told = b"%d bytes, %d headers" % (size, len(scope["headers"]))
    headers = [(b"content-length", b"%d" % len(told))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": told})


async def endless(scope: Any, receive: Any, send: Any) -> None:
    async def until_disconnected() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    gone = asyncio.create_task(until_disconnected())
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while not gone.done():
        await send({"type": "http.response.body", "body": bytes(65_536), "more_body": True})
        await asyncio.sleep(0)


OTHERS = {"/large": large, "/endless": endless, "/until-left": until_left, "/read": read_body}


async def answer_without_reading(scope: Any, receive: Any, send: Any) -> None:
    if other := OTHERS.get(scope["path"]):
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
    open_connection.requests = server.server_state.tasks  # type: ignore[attr-defined]
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
    connect: Connect, headers: bytes
) -> None:
    reader, writer = await connect()
    writer.write(b"GET /" + headers + b"\r\n")
    answer = await everything(reader)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"code":"headers_too_large"' in answer


CHUNKED = b"POST /read HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"


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
    connect: Connect, begin: bytes, more: bytes
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


async def test_trailers_are_no_headers(connect: Connect) -> None:
    reader, writer = await connect()
    writer.write(CHUNKED + b"3\r\nabc\r\n0\r\nauthorization: Bearer x\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b"3 bytes, 2 headers"), 20)


async def test_a_chunked_body_may_be_larger_than_headers_may(connect: Connect) -> None:
    reader, writer = await connect()
    # Of every chunk of one byte five are no body.
    writer.write(CHUNKED + b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b"50000 bytes, 2 headers"), 20)


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
async def test_what_cannot_be_read_is_a_problem(connect: Connect, request_text: bytes) -> None:
    reader, writer = await connect()
    writer.write(request_text)
    answer = await everything(reader)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json\r\n" in answer
    assert b'"code":"malformed_request"' in answer


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"chunked\r\ntransfer-encoding: chunked"])
async def test_a_transfer_coding_that_nobody_undoes_is_not_implemented(
    connect: Connect, coding: bytes
) -> None:
    reader, writer = await connect()
    writer.write(b"POST /read HTTP/1.1\r\ntransfer-encoding: " + coding + b"\r\n\r\n0\r\n\r\n")
    answer = await everything(reader)
    assert answer.startswith((b"HTTP/1.1 501 ", b"HTTP/1.1 400 "))


@pytest.mark.parametrize("more", [b"\0", b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 102])
async def test_no_error_gets_into_an_answer_that_has_begun(connect: Connect, more: bytes) -> None:
    reader, writer = await connect()
    writer.write(b"GET /until-left HTTP/1.1\r\nhost: x\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b"begun\r\n"), 20)
    writer.write(more)
    assert await everything(reader) == b""


async def test_requests_that_come_together_are_answered_in_turn(connect: Connect) -> None:
    reader, writer = await connect()
    one = b"POST /read HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nx"
    writer.write(one + b"GET / HTTP/1.1\r\nhost: x\r\n\r\n" * 16)
    for end in (b"1 bytes, 2 headers", *[b"never"] * 16):
        await asyncio.wait_for(reader.readuntil(end), 20)


async def test_only_so_many_requests_wait_on_a_connection(connect: Connect) -> None:
    reader, writer = await connect()
    writer.write(b"GET /until-left HTTP/1.1\r\nhost: x\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b"begun\r\n"), 20)
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n" * 17)
    assert await everything(reader) == b""


async def test_who_answers_hears_that_a_client_with_more_requests_has_left(
    connect: Connect,
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


UPGRADE = b"connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAA"


async def test_a_request_that_asks_for_another_protocol_is_answered_in_this_one(
    connect: Connect,
) -> None:
    reader, writer = await connect()
    head = b"POST /read HTTP/1.1\r\n" + UPGRADE + b"\r\ncontent-length: 6\r\n\r\n"
    for body in (b"abc", b"abc"):
        writer.write(head + body)
        await writer.drain()
        writer.write(b"def")
        await asyncio.wait_for(reader.readuntil(b"6 bytes, 3 headers"), 20)


@pytest.mark.parametrize("more", [b"", b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"])
async def test_nobody_is_connected_to_elsewhere(connect: Connect, more: bytes) -> None:
    reader, writer = await connect()
    writer.write(b"CONNECT example.org:80 HTTP/1.1\r\nhost: x\r\n\r\n" + more)
    assert (await everything(reader)).startswith(b"HTTP/1.1 400 ")


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
    monkeypatch.setattr(slow_reader, "READER_SECONDS", 0.05)
    reader, writer = await connect()
    writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    async with asyncio.timeout(20):
        while connect.connections:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)


async def test_a_client_that_reads_slowly_but_steadily_gets_all_of_it(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_reader, "READER_SECONDS", 1.0)
    monkeypatch.setattr(slow_reader, "MIN_READER_RATE", 1)
    reader, writer = await connect()
    began = asyncio.get_running_loop().time()
    writer.write(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    pieces = 40
    for _ in range(pieces):
        await asyncio.wait_for(reader.readexactly(LARGE // pieces), 20)
        await asyncio.sleep(2.5 / pieces)
    assert asyncio.get_running_loop().time() - began > 2 * slow_reader.READER_SECONDS


async def test_large_answers_that_are_read_come_whole(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_reader, "READER_SECONDS", 5)
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
