"""Headers that are too many, too large or never end, and requests that nobody waits for."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("nobody_else_notices")

GET = b"GET /api/limits HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    "headers",
    [
        b"".join(b"x-%d: y\r\n" % number for number in range(10_000)),
        b"x-long: " + b"y" * 1_000_000 + b"\r\n",
        b"cookie: " + b"; ".join(b"c%d=v" % number for number in range(20_000)) + b"\r\n",
    ],
    ids=["ten thousand", "one of a megabyte", "twenty thousand cookies"],
)
def test_more_headers_than_anybody_needs_are_refused(abuser: Any, headers: bytes) -> None:
    answer = abuser.send(GET + headers + b"\r\n")
    assert (answer.status, answer.code) == (431, "headers_too_large")


@pytest.mark.parametrize(
    "begin",
    [GET, b"POST /api/upload/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"],
    ids=["headers", "trailers"],
)
def test_headers_and_trailers_without_end_are_cut_off(abuser: Any, begin: bytes) -> None:
    lines = (b"x-more: " + b"y" * 80 + b"\r\n") * 500
    with abuser.connect() as connection, suppress(ConnectionError):
        connection.sendall(begin)
        # Until the server has closed the connection; the test's own timeout is the end else.
        while True:
            connection.sendall(lines)


async def test_a_flood_of_requests_on_one_connection_is_cut_off(abuser: Any) -> None:
    async with asyncio.timeout(60), abuser.open() as (reader, writer):
        with suppress(ConnectionError):
            for _ in range(100):
                writer.write((GET + b"\r\n") * 1000)
                await writer.drain()
        with suppress(ConnectionError):
            await reader.read()
