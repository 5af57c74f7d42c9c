"""Whatever happens to a stream, its caller sees how every task ended."""

import asyncio
import random
from datetime import timedelta
from typing import Any

import asyncpg
import grpc
import pytest
from redis.asyncio import Redis

from photo.status.v1 import status_service_pb2 as pb
from photo_records.task_changes import CHANNEL, TaskChange, change_message
from status_service.task_watch import TaskWatch

OWNER = "the owner"
# Longer than any transaction of these tests.
OVERLAP_SECONDS = 1.5
STEPS = (
    "started_at = now(), lease_expires_at = now() + interval '1 minute', attempts = 1",
    "lease_expires_at = NULL, next_attempt_at = now()",
    "next_attempt_at = NULL, started_at = now(), lease_expires_at = now() + interval '1 minute'",
    (
        "status = 'FAILURE', finished_at = now(), error_code = 'internal', error_message = 'x',"
        " lease_expires_at = NULL, next_attempt_at = NULL"
    ),
)


class Writers:
    """Change tasks step by step, many at a time, and commit late and out of order."""

    def __init__(self, pool: asyncpg.Pool, client: Redis, chance: random.Random) -> None:
        self._pool = pool
        self._redis = client
        self._chance = chance

    async def bring_to_its_end(self, photo: Any, batch_id: object) -> None:
        for changes in STEPS:
            await asyncio.sleep(self._chance.choice([0, 0.01, 0.1, 2 * OVERLAP_SECONDS]))
            async with self._pool.acquire() as connection, connection.transaction():
                revision = await connection.fetchval(
                    f"UPDATE photos SET {changes}, revision = revision + 1, changed_at = now()"
                    " WHERE task_id = $1 RETURNING revision",
                    photo.task_id,
                )
                # What began later may be committed, and seen, first.
                await asyncio.sleep(self._chance.choice([0, 0, 0.01, 0.1, 0.3]))
            if self._chance.random() < 0.7:  # the others are lost
                change = TaskChange(photo.task_id, batch_id, OWNER, revision)
                await self._redis.publish(CHANNEL, change_message(change))


class Follower:
    """Follows with many short streams, each resumed where the last one broke off."""

    def __init__(self, stub: Any, chance: random.Random, **scope: str) -> None:
        self._stub = stub
        self._chance = chance
        self._scope = scope
        self._cursor = ""
        self.revisions: dict[str, int] = {}

    async def follow_until(self, ended: set[str]) -> None:
        async with asyncio.timeout(50):
            while not self._has_seen(ended):
                await self._follow(self._chance.choice([1, 2, 3, 10, 30]), ended)
                await asyncio.sleep(self._chance.choice([0, 0.01, 0.2]))

    async def _follow(self, count: int, ended: set[str]) -> None:
        request = pb.WatchTasksRequest(
            viewer=pb.Viewer(owner=OWNER), cursor=self._cursor, **self._scope
        )
        call = self._stub.WatchTasks(request, timeout=60)
        for _ in range(count):
            answer = await call.read()
            if answer is grpc.aio.EOF:
                break
            self._cursor = answer.cursor
            if answer.HasField("task"):
                seen = self.revisions.get(answer.task.task_id, 0)
                self.revisions[answer.task.task_id] = max(seen, answer.task.revision)
            if self._has_seen(ended):
                break
        call.cancel()

    def _has_seen(self, ended: set[str]) -> bool:
        return all(self.revisions.get(task_id) == 1 + len(STEPS) for task_id in ended)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("is_told", [True, False], ids=["told", "never told"])
async def test_streams_that_break_and_resume_miss_no_end(
    serve: Any,
    pool: asyncpg.Pool,
    database_url: str,
    photos: Any,
    redis_server: Any,
    seed: int,
    is_told: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Shorter than the test: resumed streams and looks cannot just read everything again.
    for module in ("task_watch", "task_watching", "watch_hub"):
        overlap = timedelta(seconds=OVERLAP_SECONDS)
        monkeypatch.setattr(f"status_service.{module}.OVERLAP", overlap)
    chance = random.Random(seed)
    stub = await serve(
        pool, redis_url=redis_server.redis_url if is_told else None, sign_of_life_seconds=0.05
    )
    registered = await photos.register(12)
    batch_id = await pool.fetchval("SELECT batch_id FROM photos LIMIT 1")
    ended = {str(photo.task_id) for photo in registered}
    followers = [
        Follower(stub, chance),
        Follower(stub, chance),
        Follower(stub, chance, batch_id=str(batch_id)),
        Follower(stub, chance, batch_id=str(batch_id)),
    ]
    client = Redis.from_url(redis_server.redis_url)
    other_pool = await asyncpg.create_pool(database_url, min_size=0, max_size=12)
    writers = Writers(other_pool, client, chance)
    try:
        await asyncio.gather(
            *(writers.bring_to_its_end(photo, batch_id) for photo in registered),
            *(follower.follow_until(ended) for follower in followers),
        )
    finally:
        await client.aclose()
        await other_pool.close()


async def test_a_stream_that_is_too_slow_gets_the_newest_state_of_each_task(
    serve: Any, pool: asyncpg.Pool, photos: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("status_service.task_watch.MAX_WAITING", 5)
    falls = []
    fall_behind = TaskWatch._fall_behind
    monkeypatch.setattr(
        TaskWatch, "_fall_behind", lambda watch: (falls.append(watch), fall_behind(watch))
    )
    stub = await serve(pool, look_seconds=0.01)
    # A long name in each answer fills what the connection takes before its reader reads.
    registered = [photo for _ in range(3) for photo in await photos.register(100)]
    request = pb.WatchTasksRequest(viewer=pb.Viewer(owner=OWNER))
    call = stub.WatchTasks(request, timeout=60)
    await call.read()
    for _ in range(6):
        await pool.execute(
            "UPDATE photos SET revision = revision + 1, changed_at = now(),"
            " file_name = repeat('x', 255)"
        )
        await asyncio.sleep(0.05)
    revisions: dict[str, int] = {}
    async with asyncio.timeout(30):
        while list(revisions.values()) != [7] * len(registered):
            answer = await call.read()
            if answer.HasField("task"):
                assert answer.task.revision > revisions.get(answer.task.task_id, 0)
                revisions[answer.task.task_id] = answer.task.revision
    call.cancel()
    assert falls
