"""What the tests of the ingest service share: claims, a pool, a queue to look into, a proxy."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import asyncpg
import pytest
import redis

from ingest_service.batch_claims import BatchClaim, RejectedFileClaim, StoredFileClaim
from photo_domain.object_keys import new_nonce
from photo_domain.task_id import new_task_id
from photo_records.asyncpg_pool import open_pool


class Claims:
    """Makes claims that break no rule; every field can be named."""

    @staticmethod
    def file(position: int = 0, **changes: Any) -> StoredFileClaim:
        fields: dict[str, Any] = {
            "task_id": str(new_task_id()),
            "nonce": new_nonce(),
            "file_name": f"photo {position}.jpg",
            "content_type": "image/jpeg",
            "size": 1000 + position,
            "sha256": hashlib.sha256(b"%d" % position).digest(),
            "position": position,
        }
        return StoredFileClaim(**fields | changes)

    @staticmethod
    def rejected(position: int, **changes: Any) -> RejectedFileClaim:
        fields: dict[str, Any] = {
            "file_name": "notes.txt",
            "errors": (("unsupported_extension", "The extension is not accepted."),),
            "position": position,
        }
        return RejectedFileClaim(**fields | changes)

    def batch(self, file_count: int = 1, **changes: Any) -> BatchClaim:
        fields: dict[str, Any] = {
            "owner": "owner",
            "idempotency_key": new_nonce(),
            "files": [self.file(position) for position in range(file_count)],
            "rejected": [],
        }
        return BatchClaim(**fields | changes)


class Queue:
    """The lanes as they lie in Redis."""

    def __init__(self, client: "redis.Redis") -> None:
        self.client = client

    def messages(self, lane: str) -> list[dict[str, Any]]:
        """The messages of a lane, the oldest first."""
        return [json.loads(text) for text in reversed(self.client.lrange(lane, 0, -1))]  # type: ignore[arg-type]

    def task_ids(self, lane: str) -> list[str]:
        return [message["headers"]["id"] for message in self.messages(lane)]


class Proxy:
    """A TCP line to a server, which can freeze, or be cut at a certain answer."""

    def __init__(self, host: str, port: int) -> None:
        self._cut_at = b""
        self._cuts = 0
        self.turns = 0
        self._target = (host, port)
        self._thawed = asyncio.Event()
        self._thawed.set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._lines: set[asyncio.Task[None]] = set()
        self._speaker: object = None

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]

    def cut(self, at: bytes, times: int) -> None:
        """Drop each of the next answers that hold `at`, and its connection."""
        self._cut_at, self._cuts = at, times

    @property
    def cuts_left(self) -> int:
        return self._cuts

    def freeze(self) -> None:
        """Take everything and pass nothing on."""
        self._thawed.clear()

    def thaw(self) -> None:
        self._thawed.set()

    async def close(self) -> None:
        self._server.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    def url(self, url: str) -> str:
        """`url` by way of this line."""
        return url.replace(f":{self._target[1]}/", f":{self.port}/")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        assert line is not None
        self._lines.add(line)
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            return
        pumps = [
            asyncio.create_task(self._pump(reader, far_writer, answers=False)),
            asyncio.create_task(self._pump(far_reader, writer, answers=True)),
        ]
        self._pumps.update(pumps)
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for each in (writer, far_writer):
                each.transport.abort()
            self._pumps.difference_update(pumps)
            self._lines.discard(line)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        while data := await reader.read(65_536):
            await self._thawed.wait()
            if answers and self._cuts and self._cut_at in data:
                self._cuts -= 1
                return
            if self._speaker != answers:
                self._speaker = answers
                self.turns += 1
            writer.write(data)
            await writer.drain()


@pytest.fixture
def claims() -> Claims:
    return Claims()


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections to the test's own database."""
    pool = await open_pool(database_url, 5)
    yield pool
    await pool.close()


@pytest.fixture
def redis_url(redis_server: Any) -> str:
    """A Redis with nothing in it."""
    with redis.Redis.from_url(redis_server.redis_url) as client:
        client.flushall()
    return redis_server.redis_url


@pytest.fixture
def open_queue() -> Iterator[Callable[[str], Queue]]:
    """Looks into the lanes of the Redis at a URL."""
    clients: list[redis.Redis] = []

    def look(redis_url: str) -> Queue:
        clients.append(redis.Redis.from_url(redis_url, socket_timeout=10))
        return Queue(clients[-1])

    yield look
    for client in clients:
        client.close()


@pytest.fixture
async def open_proxy() -> AsyncIterator[Callable[[str, int], Any]]:
    """Opens lines to servers."""
    proxies: list[Proxy] = []

    async def open_one(host: str, port: int) -> Proxy:
        proxies.append(Proxy(host, port))
        await proxies[-1].open()
        return proxies[-1]

    yield open_one
    for proxy in proxies:
        await proxy.close()


@pytest.fixture
def eventually() -> Callable[[Callable[[], Any]], Any]:
    """Waits until a question is answered with something true, for at most 20 s."""

    async def ask(question: Callable[[], Any]) -> Any:
        async with asyncio.timeout(20):
            while True:
                answer = question()
                if asyncio.iscoroutine(answer):
                    answer = await answer
                if answer:
                    return answer
                await asyncio.sleep(0.01)

    return ask
