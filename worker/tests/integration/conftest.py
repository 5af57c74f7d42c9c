import hashlib
import io
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import EllipsisType
from typing import Any, cast
from uuid import UUID, uuid4

import psutil
import pytest
import redis
from celery import Celery
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, Row, func, insert, select, text

from local_stack.embedded_redis import EmbeddedRedis
from local_stack.ports import free_ports
from photo_domain.object_keys import new_nonce, original_key
from photo_domain.task_id import new_task_id
from photo_records.tables import BatchRecord, PhotoRecord, RenditionRecord
from photo_records.task_queue import TASK_NAME, Lane, task_arguments

DEADLINE_SECONDS = 60

Wait = Callable[[Callable[[], Any], str], Any]
NewDatabase = Callable[[], AbstractContextManager[tuple[str, Engine]]]


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + DEADLINE_SECONDS
    pause = 0.01
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(pause)  # noqa: TID251 - between two looks at the condition
        pause = min(0.2, pause * 1.5)
    raise AssertionError(f"not within {DEADLINE_SECONDS} s: {what}")


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


@dataclass
class RunningWorker:
    """The real worker and what speaks to it."""

    process: "subprocess.Popen[bytes]"
    metrics_port: int
    log: Path
    app: Celery

    def publish(self, task_id: UUID, lane: Lane = Lane.INTERACTIVE, **headers: str) -> None:
        self.app.send_task(
            TASK_NAME,
            task_arguments(str(task_id)),
            task_id=str(task_id),
            queue=str(lane),
            headers=headers,
        )

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def metric(self, sample_name: str, **labels: str) -> float:
        """The sum of the samples with these labels, over all children."""
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=10
        ) as answer:
            families = text_string_to_metric_families(answer.read().decode())
            return sum(
                sample.value
                for family in families
                for sample in family.samples
                if sample.name == sample_name and labels.items() <= sample.labels.items()
            )

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            self.metric("any")
        except OSError:
            return False
        return True


def worker_environment(library: Library, redis_url: str, metrics_port: int) -> dict[str, str]:
    return {
        **os.environ,  # noqa: TID251 - a program that is started needs its PATH and HOME
        "DATABASE_URL": library.database_url,
        "REDIS_URL": redis_url,
        "STORAGE_URL": library.storage_url,
        "WORKER_METRICS_PORT": str(metrics_port),
        "LOG_FORMAT": "json",
    }


RunWorker = Callable[..., AbstractContextManager[RunningWorker]]


@pytest.fixture
def wait() -> Wait:
    return wait_until


@pytest.fixture(scope="module")
def library(
    new_database: NewDatabase, databases: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Library]:
    with new_database() as (database_url, engine):
        folder = tmp_path_factory.mktemp("storage")
        yield Library(database_url, engine, folder, databases)


@pytest.fixture(scope="session")
def start_worker(
    redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory
) -> RunWorker:
    """Starts a worker for the time of a context; whatever of it still runs then is killed."""

    # Redis has 16 databases; one that was used is emptied and used again.
    free_databases = deque(range(1, 16))

    @contextmanager
    def start(library: Library, *program: str, **settings: str) -> Iterator[RunningWorker]:
        # Each worker has a Redis database of its own: no other takes its messages.
        number = free_databases.popleft()
        own_redis_url = f"{redis_server.redis_url.rpartition('/')[0]}/{number}"
        (port,) = free_ports(1)
        folder = tmp_path_factory.mktemp("worker")
        log = folder / "log"
        environment = worker_environment(library, own_redis_url, port) | {
            "WORKER_METRICS_FOLDER": str(folder / "metrics"),
            **settings,
        }
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *(program or ("-m", "photo_worker"))],
                env=environment,
                stdout=output,
                stderr=output,
            )
        app = Celery("publisher", broker=own_redis_url, backend=own_redis_url, set_as_current=False)
        worker = RunningWorker(process, port, log, app)
        try:
            yield worker
        finally:
            left = worker.children() if process.poll() is None else []
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(DEADLINE_SECONDS)
            finally:
                for child in left:
                    if child.is_running():
                        child.kill()
                if process.poll() is None:
                    process.kill()
                    process.wait()
                app.close()
                with redis.Redis.from_url(own_redis_url) as client:
                    client.flushdb()
                free_databases.append(number)

    return start


@pytest.fixture(scope="session")
def run_worker(start_worker: RunWorker) -> RunWorker:
    """The same, once it takes tasks."""

    @contextmanager
    def run(library: Library, *program: str, **settings: str) -> Iterator[RunningWorker]:
        with start_worker(library, *program, **settings) as worker:
            wait_until(worker.is_ready, "the worker is ready")
            yield worker

    return run


@pytest.fixture
def start_that_fails(
    library: Library, redis_server: EmbeddedRedis
) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Starts a worker that has to give up by itself."""

    def start(**settings: str) -> "subprocess.CompletedProcess[str]":
        (port,) = free_ports(1)
        return subprocess.run(
            [sys.executable, "-m", "photo_worker"],
            env=worker_environment(library, redis_server.redis_url, port) | settings,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE_SECONDS,
        )

    return start


@pytest.fixture(scope="module")
def worker(run_worker: RunWorker, library: Library) -> Iterator[RunningWorker]:
    with run_worker(library) as running:
        yield running


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((1600, 1000), 60).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()
