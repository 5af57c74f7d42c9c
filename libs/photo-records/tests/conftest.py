"""What the tests of the records share: a pool, and batches to register."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest

from photo_domain.task_id import new_task_id
from photo_records.asyncpg_pool import open_pool
from photo_records.registration import NewBatch, NewPhoto
from photo_records.task_queue import Lane

MakeBatch = Callable[..., NewBatch]


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections to the test's own database."""
    pool = await open_pool(database_url, 4)
    yield pool
    await pool.close()


@pytest.fixture
def make_batch() -> MakeBatch:
    """Makes batches with the given number of photos; the rest can be named."""

    def make(photo_count: int = 1, **changes: Any) -> NewBatch:
        batch_id = new_task_id()
        photos = tuple(
            NewPhoto(
                task_id=(task_id := new_task_id()),
                file_name=f"photo {position}.jpg",
                content_type="image/jpeg",
                size=1000 + position,
                sha256=bytes([position]) * 32,
                object_key=f"originals/20260101/{task_id}-{'0' * 32}",
                position=position,
            )
            for position in range(photo_count)
        )
        fields: dict[str, Any] = {
            "batch_id": batch_id,
            "owner": "owner",
            "idempotency_key": str(batch_id),
            "fingerprint": b"f" * 32,
            "rejected": [],
            "lane": Lane.INTERACTIVE,
            "photos": photos,
        }
        return NewBatch(**fields | changes)

    return make
