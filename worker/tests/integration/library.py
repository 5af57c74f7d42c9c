"""The rows and the objects that a worker works on."""

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import EllipsisType
from typing import Any, cast
from uuid import UUID, uuid4

from PIL import Image
from sqlalchemy import Engine, Row, func, insert, select, text

from photo_domain.object_keys import new_nonce, original_key
from photo_domain.task_id import new_task_id
from photo_records.tables import BatchRecord, PhotoRecord, RenditionRecord
from photo_records.task_queue import Lane

from .waiting import wait_until


@dataclass
class Library:
    """The rows and the objects of photos, as ingest and status see them."""

    database_url: str
    engine: Engine
    folder: Path
    databases: Any

    @property
    def storage_url(self) -> str:
        return self.folder.as_uri()

    def add(
        self,
        data: bytes,
        content_type: str = "image/jpeg",
        *,
        stored: bytes | EllipsisType | None = ...,
    ) -> UUID:
        """An accepted photo; `stored` are the bytes in storage if they are not `data`."""
        task_id = new_task_id()
        key = original_key(task_id, new_nonce())
        content = data if isinstance(stored, EllipsisType) else stored
        if content is not None:
            path = self.folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        batch_id = uuid4()
        with self.engine.begin() as connection:
            connection.execute(
                insert(BatchRecord).values(
                    id=batch_id,
                    owner="owner",
                    idempotency_key=str(batch_id),
                    fingerprint=bytes(32),
                    rejected=[],
                    pending=1,
                )
            )
            connection.execute(
                insert(PhotoRecord).values(
                    task_id=task_id,
                    batch_id=batch_id,
                    owner="owner",
                    file_name="a.jpg",
                    content_type=content_type,
                    size=len(data),
                    sha256=hashlib.sha256(data).digest(),
                    object_key=key,
                    position=0,
                    lane=Lane.INTERACTIVE,
                )
            )
        return task_id

    def photo(self, task_id: UUID) -> Row[Any]:
        with self.engine.begin() as connection:
            query = select(PhotoRecord.__table__).where(PhotoRecord.task_id == task_id)
            return connection.execute(query).one()

    def seconds_since_claim(self, task_id: UUID) -> float:
        """How long ago the last run of a task began, by the database's clock."""
        with self.engine.begin() as connection:
            query = select(func.extract("epoch", func.now() - PhotoRecord.started_at)).where(
                PhotoRecord.task_id == task_id
            )
            return float(connection.execute(query).scalar_one())

    def pending(self, task_id: UUID) -> int:
        with self.engine.begin() as connection:
            query = select(BatchRecord.pending).where(
                BatchRecord.id == self.photo(task_id).batch_id
            )
            return connection.execute(query).scalar_one()

    def renditions(self, task_id: UUID) -> Sequence[Row[Any]]:
        with self.engine.begin() as connection:
            query = (
                select(RenditionRecord.__table__)
                .where(RenditionRecord.photo_id == self.photo(task_id).id)
                .order_by(RenditionRecord.name)
            )
            return connection.execute(query).all()

    def open(self, key: str) -> Image.Image:
        image = Image.open(io.BytesIO((self.folder / key).read_bytes()))
        image.load()
        return image

    def rendition_files(self) -> list[Path]:
        return [file for file in (self.folder / "renditions").rglob("*") if file.is_file()]

    def connections(self, application: str) -> int:
        """How many connections that program has to the database."""
        query = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :n")
        with self.engine.begin() as connection:
            return int(connection.execute(query, {"n": application}).scalar_one())

    @contextmanager
    def away(self) -> Iterator[None]:
        """The database refuses every connection and breaks those that are open."""
        with self.databases.unreachable(self.database_url):
            yield
        self.engine.dispose()

    def wait_for_end(self, task_id: UUID) -> Row[Any]:
        def ended() -> Row[Any] | None:
            photo = self.photo(task_id)
            return photo if photo.status != "PENDING" else None

        return cast("Row[Any]", wait_until(ended, f"the end of task {task_id}"))
