"""Tasks that people act on while workers and others do."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import Connection, Engine, create_engine

from photo_domain.failure import FailureCode
from photo_domain.file_format import FileFormat
from photo_domain.photo_facts import PhotoMetadata, Placeholder
from photo_records.database_url import with_driver
from photo_records.photo_result import PhotoResult, StoredRendition
from photo_records.registration import NewBatch, insert_batches
from photo_records.task_claims import ClaimedTask, claim_task, finish_failure, finish_success

RESULT = PhotoResult(
    format=FileFormat.JPEG,
    width=1600,
    height=1000,
    random_number=42,
    processing_time=0.25,
    pages=None,
    metadata=PhotoMetadata(),
    placeholder=Placeholder(b"hash", "#0a141e", "0123456789abcdef"),
    step_seconds={"probe": 0.25},
)


class Worker:
    """Claims and finishes as the worker does."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Commits at the end of the block."""
        with self._engine.begin() as connection:
            yield connection

    @staticmethod
    def claim_in(connection: Connection, task_id: UUID) -> ClaimedTask | None:
        return claim_task(connection, task_id, timedelta(minutes=2), "worker:1")

    @staticmethod
    def succeed_in(connection: Connection, claim: ClaimedTask) -> bool:
        made = StoredRendition("thumbnail", 320, 200, "image/webp", 100, "renditions/thumbnail")
        return finish_success(connection, claim, RESULT, [made])

    def claim(self, task_id: UUID) -> ClaimedTask | None:
        with self.transaction() as connection:
            return self.claim_in(connection, task_id)

    def claimed(self, task_id: UUID) -> ClaimedTask:
        claim = self.claim(task_id)
        assert claim is not None
        return claim

    def succeed(self, claim: ClaimedTask) -> bool:
        with self.transaction() as connection:
            return self.succeed_in(connection, claim)

    def fail(self, claim: ClaimedTask, code: FailureCode = FailureCode.INTERNAL) -> bool:
        with self.transaction() as connection:
            return finish_failure(connection, claim, code)


class Rows:
    """What stands in the database, and who waits for it."""

    def __init__(self, pool: asyncpg.Pool, make_batch: Callable[..., NewBatch]) -> None:
        self.pool = pool
        self._make_batch = make_batch

    async def add(self, count: int = 1, owner: str = "owner") -> list[UUID]:
        """The task ids of a new batch."""
        batch = self._make_batch(count, owner=owner)
        async with self.pool.acquire() as connection:
            await insert_batches(connection, [batch])
        return [photo.task_id for photo in batch.photos]

    async def photo(self, task_id: UUID) -> dict[str, Any]:
        row = await self.pool.fetchrow("SELECT * FROM photos WHERE task_id = $1", task_id)
        assert row is not None
        return dict(row)

    async def change(self, task_id: UUID, changes: str) -> None:
        """Change a row behind everyone's back."""
        await self.pool.execute(f"UPDATE photos SET {changes} WHERE task_id = $1", task_id)

    async def count(self, table: str) -> int:
        return await self.pool.fetchval(f"SELECT count(*) FROM {table}")

    async def pending(self) -> list[int]:
        """How many PENDING photos each batch notes; that is how many there are."""
        rows = await self.pool.fetch(
            "SELECT pending, (SELECT count(*) FROM photos"
            " WHERE batch_id = batches.id AND status = 'PENDING') AS found"
            " FROM batches ORDER BY created_at, id"
        )
        assert [row["pending"] for row in rows] == [row["found"] for row in rows]
        return [row["pending"] for row in rows]

    async def wait_for_waiters(self, count: int = 1) -> None:
        """Until that many connections wait for a row."""
        async with asyncio.timeout(20):
            while True:
                if await self._waiters() >= count:
                    return
                await asyncio.sleep(0.01)

    async def _waiters(self) -> int:
        return await self.pool.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )


@pytest.fixture
def worker(database_url: str) -> Iterator[Worker]:
    engine = create_engine(with_driver(database_url, "psycopg2"))
    yield Worker(engine)
    engine.dispose()


@pytest.fixture
def rows(pool: asyncpg.Pool, make_batch: Callable[..., NewBatch]) -> Rows:
    return Rows(pool, make_batch)


@pytest.fixture
def errors() -> Callable[[Sequence[object]], list[type[BaseException] | None]]:
    """The kinds of errors among outcomes, None for each success."""
    return lambda outcomes: [
        type(outcome) if isinstance(outcome, BaseException) else None for outcome in outcomes
    ]
