"""Workers as the tests start them, and photos for them."""

import io
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
import redis
from celery import Celery
from PIL import Image
from sqlalchemy import Engine

from local_stack.embedded_redis import EmbeddedRedis
from local_stack.ports import free_ports

from .library import Library
from .running_worker import RunningWorker, worker_environment
from .waiting import DEADLINE_SECONDS, wait_until

Wait = Callable[[Callable[[], Any], str], Any]
NewDatabase = Callable[[], AbstractContextManager[tuple[str, Engine]]]
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
