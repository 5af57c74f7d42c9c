"""Bodies whose length is a lie, an attack, or has no end."""

import asyncio
import socket
from contextlib import suppress
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("nobody_else_notices")


def send_for_ever(connection: socket.socket, piece: bytes) -> None:
    """Until the other side has closed the connection; its own timeout fails a test."""
    with suppress(ConnectionError):
        while True:
            connection.sendall(piece)


def test_ten_gigabytes_are_refused_unread_and_what_comes_all_the_same_has_an_end(
    abuser: Any,
) -> None:
    with abuser.connect() as connection:
        connection.sendall(abuser.head(f"Content-Length: {10 * 1024**3}"))
        answer = abuser.answer_on(connection)
        assert (answer.status, answer.code) == (413, "body_too_large")
        send_for_ever(connection, bytes(65_536))


@pytest.mark.parametrize("begin", ["a file", "nothing"])
async def test_a_chunked_body_without_end_is_refused_at_the_limit(
    abuser: Any, part: Any, begin: str
) -> None:
    first = part('name="images"; filename="a.jpg"')[:-2] if begin == "a file" else b"\r\n"
    more = b"10000\r\n" + b"\r\n" * 32_768 + b"\r\n"
    async with asyncio.timeout(60), abuser.open() as (reader, writer):
        writer.write(abuser.head("Transfer-Encoding: chunked"))
        writer.write(b"%x\r\n%s\r\n" % (len(first), first))
        answer = asyncio.create_task(reader.readuntil(b'"body_too_large"'))
        with suppress(ConnectionError):
            while not answer.done():
                writer.write(more)
                await writer.drain()
        assert (await answer).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        (("Content-Length: -1",), 400, "malformed_request"),
        (("Content-Length: 1", "Content-Length: 2"), 400, "malformed_request"),
        (("Content-Length: " + "9" * 5000,), 400, "malformed_request"),
        (("Content-Length: 5", "Transfer-Encoding: chunked"), 400, "malformed_request"),
        (("Transfer-Encoding: chunked", "Content-Length: 5"), 400, "malformed_request"),
        (("Transfer-Encoding: gzip, chunked",), 501, "unknown_transfer_coding"),
        (("Transfer-Encoding: gzip",), 501, "unknown_transfer_coding"),
        (("Transfer-Encoding: xchunked",), 501, "unknown_transfer_coding"),
        (("Content-Length: 5",), 400, "malformed_multipart"),
    ],
)
def test_a_length_that_cannot_be_told_for_sure_is_refused(
    abuser: Any, headers: tuple[str, ...], status: int, code: str
) -> None:
    answer = abuser.send(abuser.head(*headers) + b"0\r\n\r\n")
    assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize("size", [b"-1", b"xyz", b"0x5", b"1 1", b"fffffffffffffffff", b""])
def test_a_chunk_whose_size_is_none_is_refused(abuser: Any, size: bytes) -> None:
    answer = abuser.send(abuser.head("Transfer-Encoding: chunked") + size + b"\r\nx\r\n0\r\n\r\n")
    assert (answer.status, answer.code) == (400, "malformed_request")


def test_a_second_request_hidden_in_a_body_is_not_served(abuser: Any, part: Any) -> None:
    body = part('name="images"; filename="a.jpg"') + b"--x--\r\n"
    hidden = b"DELETE /api/session HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = abuser.send(abuser.whole(body + hidden))
    assert answer.status == 202
    assert answer.raw.count(b"HTTP/1.1 ") == 1


def test_an_upload_without_any_body_is_malformed(abuser: Any) -> None:
    answer = abuser.send(abuser.head())
    assert (answer.status, answer.code) == (400, "malformed_multipart")
