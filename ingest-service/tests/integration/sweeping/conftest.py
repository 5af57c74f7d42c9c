"""Objects and rows of any age, on a real file store and a real database."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import obstore
import pytest

from ingest_service.sweeper import Sweeper
from photo_domain.object_keys import new_nonce, original_key, rendition_key
from photo_domain.task_id import new_task_id
from photo_objects.abandoned_writes import AbandonedWrites
from photo_objects.object_lister import ObjectLister
from photo_objects.original_deleter import OriginalDeleter
from photo_records.registration import NewBatch, NewPhoto, insert_batches
from photo_records.task_queue import Lane

_ENDED = {
    "PENDING": "status = 'PENDING'",
    "FAILURE": "status = 'FAILURE', error_code = 'internal', error_message = 'x'",
    "SUCCESS": (
        "status = 'SUCCESS', format = 'jpeg', width = 1, height = 1, random_number = 1,"
        " processing_time = 1"
    ),
}


class Past:
    """Makes what was uploaded some hours ago."""

    def __init__(self, store: Any, folder: Path, pool: asyncpg.Pool) -> None:
        self._store, self._folder, self._pool = store, folder, pool

    @staticmethod
    def task_id(hours: float) -> UUID:
        """A task id that was born so many hours ago."""
        born = datetime.now(UTC) - timedelta(hours=hours)
        random_bits = new_task_id().int & (1 << 80) - 1
        return UUID(int=int(born.timestamp() * 1000) << 80 | random_bits)

    async def put(self, key: str, hours: float) -> str:
        """Store an object that was written so many hours ago; its key."""
        await obstore.put_async(self._store, key, b"bytes")
        moment = (datetime.now(UTC) - timedelta(hours=hours)).timestamp()
        os.utime(self._folder / key, (moment, moment))
        return key

    async def unfinished(self, hours: float) -> str:
        """What a writer that was killed so many hours ago left; its name."""
        key = await self.original(hours)
        name = f"{key}#1"
        (self._folder / key).rename(self._folder / name)
        return name

    async def original(self, hours: float, task_id: UUID | None = None) -> str:
        return await self.put(original_key(task_id or self.task_id(hours), new_nonce()), hours)

    async def rendition(self, hours: float, task_id: UUID, revision: int = 2) -> str:
        return await self.put(rendition_key(task_id, revision, "thumbnail"), hours)

    async def photo(self, hours: float, status: str, *, key: str = "", files: int = 1) -> Any:
        """A batch whose photos have their originals and, with SUCCESS, a rendition each."""
        photos = tuple([await self._new_photo(hours, place) for place in range(files)])
        batch = NewBatch(
            batch_id=self.task_id(hours),
            owner="owner",
            idempotency_key=key or new_nonce(),
            fingerprint=b"f" * 32,
            rejected=[],
            lane=Lane.INTERACTIVE,
            photos=photos,
        )
        async with self._pool.acquire() as connection:
            await insert_batches(connection, [batch])
        moment = datetime.now(UTC) - timedelta(hours=hours)
        await self._pool.execute(
            "UPDATE batches SET created_at = $2, pending = 0 WHERE id = $1", batch.batch_id, moment
        )
        await self._pool.execute(
            f"UPDATE photos SET {_ENDED[status]}, created_at = $2,"
            " finished_at = CASE WHEN $3 THEN NULL::timestamptz ELSE $2 END WHERE batch_id = $1",
            batch.batch_id,
            moment,
            status == "PENDING",
        )
        if status == "SUCCESS":
            for photo in photos:
                await self.name_rendition(
                    photo.task_id, await self.rendition(hours, photo.task_id, revision=3)
                )
        return batch

    async def name_rendition(self, task_id: UUID, key: str) -> None:
        await self._pool.execute(
            "INSERT INTO renditions SELECT id, 'thumbnail', 1, 1, 'image/webp', 5, $2"
            " FROM photos WHERE task_id = $1",
            task_id,
            key,
        )

    async def _new_photo(self, hours: float, position: int) -> NewPhoto:
        task_id = self.task_id(hours)
        photo = NewPhoto(task_id, "a.jpg", "image/jpeg", 5, b"s" * 32, "", position)
        return replace(photo, object_key=await self.original(hours, task_id))

    def unmount(self) -> None:
        """Take the storage away."""
        self._folder.rename(self._folder.with_name("away"))

    def mount(self) -> None:
        self._folder.with_name("away").rename(self._folder)

    def keys(self) -> set[str]:
        """What lies in storage."""
        found = set()
        # Unlike Path.rglob, this bears folders that a sweep removes meanwhile.
        for folder, _, names in os.walk(self._folder):
            found |= {(Path(folder) / name).relative_to(self._folder).as_posix() for name in names}
        return found


class PausingDeleter(OriginalDeleter):
    """Deletes like the real one, but waits to be told to."""

    def __init__(self, store: Any) -> None:
        super().__init__(store)
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()

    async def delete(self, keys: Any) -> None:
        self.reached.set()
        async with asyncio.timeout(20):
            await self.go_on.wait()
        await super().delete(keys)


@pytest.fixture
def past(store: Any, store_folder: Path, pool: asyncpg.Pool) -> Past:
    return Past(store, store_folder, pool)


@pytest.fixture
def pausing_deleter(store: Any) -> PausingDeleter:
    return PausingDeleter(store)


@pytest.fixture
def open_sweeper(store: Any, pool: asyncpg.Pool) -> Callable[..., Sweeper]:
    """Builds sweepers with short pages."""

    def build(
        used: asyncpg.Pool | None = None,
        deleter: OriginalDeleter | None = None,
        retention: timedelta | None = None,
        page_size: int = 2,
    ) -> Sweeper:
        lister = ObjectLister(store, page_size)
        deleter = deleter or OriginalDeleter(store)
        return Sweeper(used or pool, lister, deleter, AbandonedWrites(store), retention)

    return build


@pytest.fixture
def sweeper(open_sweeper: Callable[..., Sweeper]) -> Sweeper:
    return open_sweeper()
