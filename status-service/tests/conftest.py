"""What the tests of the status service share: registered photos, a store, a real server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import obstore
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from local_stack.ports import free_ports
from photo.status.v1 import status_service_pb2_grpc as pb_grpc
from photo_domain.object_keys import new_nonce, original_key
from photo_domain.task_id import new_task_id
from photo_objects.object_reader import ObjectReader
from photo_objects.store_url import open_store
from photo_records.asyncpg_pool import open_pool
from photo_records.registration import NewBatch, NewPhoto, insert_batches
from photo_records.task_changes import CHANNEL, TaskChange, change_message
from photo_records.task_queue import Lane
from service_kit.grpc_channel import open_channel
from service_kit.grpc_server import build_server
from service_kit.task_end import end_tasks
from status_service.change_feed import ChangeFeed
from status_service.object_queries import ObjectQueries
from status_service.servicer import SERVICE, StatusServicer
from status_service.task_queries import TaskQueries
from status_service.task_watching import TaskWatching
from status_service.viewer_rule import Access, ViewerRule
from status_service.watch_hub import WatchHub

OWNER = "the owner"


class Photos:
    """Photos at every station of their way, as the other services would have left them."""

    def __init__(self, pool: asyncpg.Pool, store: Any) -> None:
        self._pool = pool
        self._store = store

    async def register(
        self, count: int = 1, owner: str = OWNER, rejected: Sequence[dict[str, Any]] = ()
    ) -> list[NewPhoto]:
        photos = []
        for position in range(count):
            task_id = new_task_id()
            key = original_key(task_id, new_nonce())
            name = f"photo {position}.jpg"
            photo = NewPhoto(task_id, name, "image/jpeg", 1000, b"s" * 32, key, position)
            photos.append(photo)
        batch_id = new_task_id()
        batch = NewBatch(
            batch_id, owner, str(batch_id), b"f" * 32, [*rejected], Lane.INTERACTIVE, tuple(photos)
        )
        async with self._pool.acquire() as connection:
            await insert_batches(connection, [batch])
        return photos

    async def change(self, photo: NewPhoto, changes: str) -> None:
        await self._pool.execute(
            f"UPDATE photos SET {changes}, revision = revision + 1, changed_at = now()"
            " WHERE task_id = $1",
            photo.task_id,
        )

    async def claim(self, photo: NewPhoto) -> None:
        await self.change(
            photo,
            "started_at = now(), lease_expires_at = now() + interval '1 minute', attempts = 1",
        )

    async def succeed(self, photo: NewPhoto) -> None:
        await self.change(
            photo,
            "status = 'SUCCESS', started_at = now(), finished_at = now(), attempts = 1,"
            " format = 'jpeg', width = 1600, height = 1000, random_number = 42,"
            " processing_time = 0.25, lease_expires_at = NULL",
        )
        for name, width, height in (("thumbnail", 320, 200), ("preview", 1280, 800)):
            await self._pool.execute(
                "INSERT INTO renditions SELECT id, $2, $3, $4, 'image/webp', $5, $6"
                " FROM photos WHERE task_id = $1",
                *(photo.task_id, name, width, height, width * 10, self.rendition_key(photo, name)),
            )

    def rendition_key(self, photo: NewPhoto, name: str) -> str:
        return f"renditions/20260101/{photo.task_id}/2/{name}"

    async def put(self, key: str, content: bytes) -> None:
        await obstore.put_async(self._store, key, content)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections to the test's own database."""
    pool = await open_pool(database_url, 5)
    yield pool
    await pool.close()


@pytest.fixture
async def lost_pool() -> AsyncIterator[asyncpg.Pool]:
    """Connections to a database that is down."""
    port = free_ports(1)[0]
    pool = await open_pool(f"postgresql://nobody:x@127.0.0.1:{port}/none", 5)
    yield pool
    await pool.close()


@pytest.fixture
def store_folder(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def store(store_folder: Path) -> Any:
    return open_store(store_folder.as_uri())


@pytest.fixture
def photos(pool: asyncpg.Pool, store: Any) -> Photos:
    return Photos(pool, store)


@pytest.fixture
def hubs() -> list[WatchHub]:
    """Those of the services that `serve` started."""
    return []


@pytest.fixture
async def serve(store: Any, hubs: list[WatchHub]) -> AsyncIterator[Callable[..., Any]]:
    """Starts the service on a pool, and gives its client.

    Without a Redis it hears of no change, and finds all by looking.
    """
    undo: list[Callable[[], Any]] = []

    async def start(
        pool: asyncpg.Pool,
        access: Access = Access.OPEN,
        redis_url: str | None = None,
        look_seconds: float = 0.2,
        sign_of_life_seconds: float = 10.0,
    ) -> Any:
        server = build_server(SERVICE)
        rule = ViewerRule(access)
        objects = ObjectQueries(pool, ObjectReader(store), rule)
        tasks = TaskQueries(pool, rule)
        hub = WatchHub(pool, look_seconds)
        watching = TaskWatching(pool, tasks, hub, rule, sign_of_life_seconds)
        StatusServicer(tasks, watching, objects).add_to(server)
        works = [asyncio.create_task(hub.run())]
        if redis_url:
            client = Redis.from_url(redis_url, retry=Retry(NoBackoff(), 0))
            works.append(asyncio.create_task(ChangeFeed(client, hub).run()))
            undo.append(client.aclose)
        hubs.append(hub)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        channel = open_channel(f"dns:///127.0.0.1:{port}")
        undo.extend([channel.close, lambda: server.stop(None), lambda: end_tasks(works)])
        return pb_grpc.StatusServiceStub(channel)

    yield start
    for step in reversed(undo):
        await step()


@pytest.fixture
async def tell(redis_server: Any) -> AsyncIterator[Callable[[TaskChange], Any]]:
    """Tells the service of a change, once it listens."""
    client = Redis.from_url(redis_server.redis_url)

    async def tell(change: TaskChange) -> None:
        async with asyncio.timeout(20):
            while not await client.publish(  # noqa: ASYNC110 - Redis tells
                CHANNEL, change_message(change)
            ):
                await asyncio.sleep(0.01)

    yield tell
    await client.aclose()


@pytest.fixture
async def stub(serve: Any, pool: asyncpg.Pool) -> Any:
    return await serve(pool)
