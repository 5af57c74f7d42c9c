"""Tasks, and all that a worker does to them."""

import time
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, Row, func, insert, select, text, update

from photo_domain.failure import FailureCode
from photo_domain.file_format import FileFormat
from photo_domain.photo_facts import Camera, PhotoMetadata, Placeholder
from photo_domain.task_id import new_task_id
from photo_records.failed_attempts import FailedAttemptRecord
from photo_records.photo_result import PhotoResult, StoredRendition
from photo_records.tables import BatchRecord, PhotoRecord, RenditionRecord
from photo_records.task_claims import (
    ClaimedTask,
    CrashVerdict,
    claim_task,
    count_crash,
    end_exhausted,
    end_timed_out,
    finish_failure,
    finish_success,
    give_back,
    postpone,
)
from photo_records.task_queue import Lane

LEASE = timedelta(seconds=135)
HOLDER = "worker:1"
OTHER_HOLDER = "worker:2"
CAMERA = Camera(make="Canon", lens="EF50mm f/1.8", exposure_time=0.008, iso=100)
RESULT = PhotoResult(
    format=FileFormat.JPEG,
    width=1600,
    height=1000,
    random_number=42,
    processing_time=0.25,
    pages=3,
    metadata=PhotoMetadata("2026-05-01T12:30:15+02:00", CAMERA, orientation=6),
    placeholder=Placeholder(bytes(25), "#0a141e", "0123456789abcdef"),
    step_seconds={"probe": 0.01, "renditions": 0.2},
)
RENDITIONS = [
    StoredRendition("preview", 1280, 800, "image/webp", 1000, "renditions/a/preview"),
    StoredRendition("thumbnail", 320, 200, "image/webp", 100, "renditions/a/thumbnail"),
]


class Tasks:
    """Tasks in a real database, and what everyone else would see of them.

    `worker` has the rights of a worker and no others.
    """

    def __init__(self, engine: Engine, worker: Engine) -> None:
        self.engine = engine
        self.worker = worker

    def add(self, count: int) -> list[UUID]:
        batch_id = uuid4()
        task_ids = [new_task_id() for _ in range(count)]
        batch = {
            "id": batch_id,
            "owner": "owner",
            "idempotency_key": str(batch_id),
            "fingerprint": bytes(32),
            "rejected": [],
            "pending": count,
        }
        photos = [
            {
                "task_id": task_id,
                "batch_id": batch_id,
                "owner": "owner",
                "file_name": "a.jpg",
                "content_type": "image/jpeg",
                "size": 3,
                "sha256": bytes(32),
                "object_key": f"originals/{task_id}",
                "position": position,
                "lane": Lane.INTERACTIVE,
            }
            for position, task_id in enumerate(task_ids)
        ]
        with self.engine.begin() as connection:
            connection.execute(insert(BatchRecord), [batch])
            connection.execute(insert(PhotoRecord), photos)
        return task_ids

    def claim(self, task_id: UUID, claimed_by: str = HOLDER) -> ClaimedTask | None:
        with self.worker.begin() as connection:
            return claim_task(connection, task_id, LEASE, claimed_by)

    def claimed(self, task_id: UUID) -> ClaimedTask:
        claim = self.claim(task_id)
        assert claim is not None
        return claim

    def succeed(self, claim: ClaimedTask, result: PhotoResult = RESULT) -> bool:
        with self.worker.begin() as connection:
            return finish_success(connection, claim, result, RENDITIONS)

    def fail(self, claim: ClaimedTask, code: FailureCode) -> bool:
        with self.worker.begin() as connection:
            return finish_failure(connection, claim, code)

    def postpone(self, claim: ClaimedTask, delay: timedelta) -> bool:
        with self.worker.begin() as connection:
            return postpone(connection, claim, delay)

    def time_out(self, task_id: UUID, claimed_by: str = HOLDER) -> bool:
        with self.worker.begin() as connection:
            return end_timed_out(connection, task_id, claimed_by)

    def give_back(self, task_id: UUID, claimed_by: str = HOLDER) -> bool:
        with self.worker.begin() as connection:
            return give_back(connection, task_id, claimed_by)

    def crash(self, task_id: UUID, claimed_by: str = HOLDER) -> CrashVerdict | None:
        with self.worker.begin() as connection:
            return count_crash(connection, task_id, claimed_by)

    def exhaust(self, task_id: UUID) -> bool:
        with self.worker.begin() as connection:
            return end_exhausted(connection, task_id)

    def change(self, task_id: UUID, **columns: Any) -> None:
        """Change the row behind everyone's back, as time would."""
        with self.engine.begin() as connection:
            connection.execute(
                update(PhotoRecord).where(PhotoRecord.task_id == task_id).values(**columns)
            )

    def photo(self, task_id: UUID) -> Row[Any]:
        query = select(PhotoRecord.__table__).where(PhotoRecord.task_id == task_id)
        with self.engine.begin() as connection:
            return connection.execute(query).one()

    def pending(self, task_id: UUID) -> int:
        query = select(BatchRecord.pending).where(BatchRecord.id == self.photo(task_id).batch_id)
        with self.engine.begin() as connection:
            return connection.execute(query).scalar_one()

    def renditions(self, task_id: UUID) -> list[tuple[Any, ...]]:
        query = (
            select(RenditionRecord.__table__)
            .where(RenditionRecord.photo_id == self.photo(task_id).id)
            .order_by(RenditionRecord.name)
        )
        with self.engine.begin() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def wait_until_blocked(self) -> None:
        """Until a connection to this database waits for a lock that another one holds."""
        blocked = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND cardinality(pg_blocking_pids(pid)) > 0"
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with self.engine.begin() as connection:
                if connection.execute(blocked).scalar_one():
                    return
        raise AssertionError("no connection was blocked")

    def let_lease_expire(self, task_id: UUID) -> None:
        self.change(task_id, lease_expires_at=func.now() - timedelta(seconds=1))

    def failed_attempts(self, task_id: UUID) -> list[Row[Any]]:
        table = FailedAttemptRecord.__table__
        query = (
            select(table)
            .where(table.c.photo_id == self.photo(task_id).id)
            .order_by(table.c.revision)
        )
        with self.engine.begin() as connection:
            return list(connection.execute(query))
