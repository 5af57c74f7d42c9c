"""A real server with a small app, and raw connections to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from service_kit.http_protocol import BoundedHttpProtocol
from service_kit.request_edge import RequestEdge

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
async def connect() -> AsyncIterator[Any]:
    """Opens connections to the server, whose `connections` and running `requests` it tells."""
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


@pytest.fixture
def everything() -> Callable[[asyncio.StreamReader], Awaitable[bytes]]:
    """Reads until the server closes the connection."""

    async def read(reader: asyncio.StreamReader) -> bytes:
        async with asyncio.timeout(20):
            return await reader.read(-1)

    return read


@pytest.fixture
def large_size() -> int:
    """How many bytes the answer to `/large` has."""
    return LARGE
