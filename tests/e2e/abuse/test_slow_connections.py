"""Connections that are held open with next to nothing."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

CONNECTIONS = 500
# With those above fewer than the 1,024 files that a process may have open in many places.
OTHER_CONNECTIONS = 400
# A body that brings less than 4 KiB a second has 20 s; what comes on top is for a busy machine.
ALL_ENDED_WITHIN = 60.0
# What one visitor may hold of the default of UPLOAD_BUFFER_BYTES.
SHARE_OF_BUFFERS = 128 * 1024 * 1024
JPEG = b"\xff\xd8\xff\xe0" + bytes(2000)


async def trickle(abuser: Any, address: str | None = None) -> int:
    """The status of an upload whose body comes a byte a second; 0 where it was cut."""
    async with abuser.open(address) as (reader, writer):
        writer.write(abuser.head("Content-Length: 1000000") + b"--x\r\n")
        answer = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
        while not answer.done():
            writer.write(b"C")
            await asyncio.wait({answer}, timeout=1)
        try:
            return int((await answer)[9:12])
        except (ConnectionError, asyncio.IncompleteReadError):
            return 0


async def ended(tricklers: list[Any]) -> Counter[int]:
    async with asyncio.timeout(ALL_ENDED_WITHIN):
        return Counter(await asyncio.gather(*tricklers))


async def begin(abuser: Any, text: bytes) -> bytes:
    """All that is answered to somebody who says no more than `text`."""
    async with abuser.open() as (reader, writer):
        writer.write(text)
        return await reader.read()


@pytest.mark.usefixtures("nobody_else_notices")
async def test_hundreds_of_slow_uploads_and_silent_connections_harm_nobody_else(
    abuser: Any, uploads_in_progress: Any
) -> None:
    texts = [b"", b"GET / HTTP/1.1\r\nHost: "] * (OTHER_CONNECTIONS // 2)
    async with asyncio.timeout(ALL_ENDED_WITHIN):
        statuses, *answers = await asyncio.gather(
            ended([trickle(abuser) for _ in range(CONNECTIONS)]),
            *[begin(abuser, text) for text in texts],
        )
    # Half of the places are what one visitor gets; the others are told at once.
    assert set(statuses) == {408, 503}
    assert statuses[503] > CONNECTIONS / 2
    assert uploads_in_progress() <= 1  # of the honest visitor
    assert set(answers[::2]) == {b""}
    assert all(b'"code":"headers_too_slow"' in answer for answer in answers[1::2])


@pytest.mark.slow
async def test_slow_uploads_from_everywhere_hold_up_the_others_until_they_are_cut(
    abused: Any, abuser: Any, uploads_in_progress: Any
) -> None:
    addresses = [f"127.0.0.{number}" for number in range(2, 2 + CONNECTIONS // 4)]
    tricklers = asyncio.create_task(ended([trickle(abuser, each) for each in addresses * 4]))
    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.200")
    async with httpx.AsyncClient(
        base_url=abused.base_url, transport=transport, trust_env=False, timeout=30
    ) as honest:
        token = (await honest.get("/api/csrf")).json()["csrf_token"]
        files = [("images", ("honest.jpg", JPEG))]
        async with asyncio.timeout(ALL_ENDED_WITHIN):
            while True:
                answer = await honest.post(
                    "/api/upload/", files=files, headers={"X-CSRFToken": token}
                )
                if answer.status_code == 202 and tricklers.done():
                    break
                if answer.status_code != 202:
                    assert (answer.status_code, answer.json()["code"]) == (
                        503,
                        "over_capacity",
                    )
                await asyncio.sleep(int(answer.headers.get("Retry-After", "1")))
    assert set(await tricklers) == {408, 503}
    assert uploads_in_progress() == 0


@pytest.mark.slow
async def test_thirty_large_uploads_that_are_just_fast_enough_leave_room_for_others(
    abuser: Any, part: Any, honest: Any, memory_growth: Any
) -> None:
    begin = part('name="images"; filename="slow.jpg"', JPEG)[:-2]

    async def send_slowly() -> int:
        async with abuser.open() as (reader, writer):
            writer.write(abuser.head("Content-Length: 4000000") + begin)
            answer = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
            for _ in range(40):
                writer.write(bytes(6000))
                await asyncio.wait({answer}, timeout=1)
                if answer.done():
                    return int((await answer)[9:12])
            answer.cancel()
            return 0

    with honest.uploading():
        async with asyncio.timeout(100):
            assert set(await asyncio.gather(*[send_slowly() for _ in range(30)])) <= {0, 503}
    assert memory_growth() < SHARE_OF_BUFFERS + 60 * 1024 * 1024
