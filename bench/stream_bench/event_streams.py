"""Many open streams of `GET /api/events`, each on a connection of its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

# Below what one address may have open of a replica.
_STREAMS_OF_ADDRESS = 100
# How many streams are opened at a time.
_OPENED_AT_ONCE = 50


@dataclass(eq=False, slots=True)
class EventStream:
    """One stream, and when it told of the end of a task, by its id (`time.time`)."""

    writer: asyncio.StreamWriter
    reading: "asyncio.Task[None] | None" = None
    told_at: dict[str, float] = field(default_factory=dict)


@asynccontextmanager
async def open_streams(count: int, port: int, cookie: str) -> AsyncIterator[Sequence[EventStream]]:
    """`count` streams of the visitor with `cookie`, from as many loopback addresses as needed.

    Raises RuntimeError where a stream is refused.
    """
    streams: list[EventStream] = []
    room = asyncio.Semaphore(_OPENED_AT_ONCE)

    async def open_one(number: int) -> None:
        # Limits count by address; all of 127.0.0.0/8 is this machine.
        address = f"127.0.0.{2 + number // _STREAMS_OF_ADDRESS}"
        async with room:
            streams.append(await _opened(port, cookie, address))

    try:
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                group.create_task(open_one(number))
        yield streams
    finally:
        for stream in streams:
            if stream.reading:
                stream.reading.cancel()
            stream.writer.close()


async def _opened(port: int, cookie: str, address: str) -> EventStream:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    request = f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n"
    writer.write(request.encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        writer.close()
        raise RuntimeError(f"A stream was refused: {head.decode()}")
    stream = EventStream(writer)
    stream.reading = asyncio.create_task(_read(reader, stream))
    return stream


async def _read(reader: asyncio.StreamReader, stream: EventStream) -> None:
    with suppress(ConnectionError):
        while line := await reader.readline():
            if line.startswith(b"data:") and b'"stage":"done"' in line:
                task_id = line.partition(b'"task_id":"')[2].partition(b'"')[0].decode()
                stream.told_at.setdefault(task_id, time.time())
