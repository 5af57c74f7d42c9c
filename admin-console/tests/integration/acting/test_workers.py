"""Who asks for the workers hears of those that answer, and soon also where none does."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from admin_console.workers import WorkersSeen, WorkerWatch
from local_stack.ports import free_ports

Look = Callable[[], Any]


@pytest.fixture
def start_worker(
    database_url: str, redis_server: Any, tmp_path: Path
) -> Iterator[Callable[[], Any]]:
    """Starts a real worker with three processes; its process and the end of its name."""
    with ExitStack() as stack:

        def start() -> tuple["subprocess.Popen[bytes]", str]:
            port = free_ports(1)[0]
            log = stack.enter_context((tmp_path / f"worker-{port}.log").open("wb"))
            process = subprocess.Popen(
                [sys.executable, "-m", "photo_worker"],
                env={
                    "PATH": os.environ["PATH"],  # noqa: TID251 - handed on as it is
                    "DATABASE_URL": database_url,
                    "REDIS_URL": redis_server.redis_url,
                    "STORAGE_URL": tmp_path.as_uri(),
                    "WORKER_METRICS_PORT": str(port),
                    "WORKER_CONCURRENCY": "3",
                },
                stdout=log,
                stderr=log,
            )
            stack.enter_context(_ended_at_last(process))
            return process, f"photo-worker-{port}@"

        yield start


@contextmanager
def _ended_at_last(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(30)


@pytest.fixture
def look(redis_server: Any) -> Look:
    """What somebody sees who has not looked before."""

    async def seen() -> WorkersSeen:
        watch = WorkerWatch(redis_server.redis_url)
        try:
            return await watch.look()
        finally:
            await watch.close()

    return seen


async def test_every_worker_tells_its_name_and_how_many_photos_it_works_on(
    start_worker: Any, look: Look, eventually: Any
) -> None:
    names = [start_worker()[1] for _ in range(2)]

    async def both() -> Any:
        seen = await look()
        return seen if len(seen.workers) == 2 else None

    seen = await eventually(both)
    assert seen.broker_answers
    assert sorted(worker.name.partition("@")[0] + "@" for worker in seen.workers) == sorted(names)
    assert [(worker.concurrency, worker.running) for worker in seen.workers] == [(3, ())] * 2


async def test_a_worker_that_stands_still_is_missing_and_keeps_nobody_waiting(
    start_worker: Any, look: Look, eventually: Any, redis_server: Any
) -> None:
    process, _name = start_worker()

    async def there() -> Any:
        return (await look()).workers

    await eventually(there)
    process.send_signal(signal.SIGSTOP)
    assert (await look()).workers == ()
    process.send_signal(signal.SIGCONT)
    await eventually(there)


async def test_where_no_worker_answers_there_is_none(look: Look) -> None:
    seen = await look()
    assert (seen.broker_answers, seen.workers) == (True, ())


async def test_a_redis_that_is_away_is_told_apart_from_absent_workers() -> None:
    watch = WorkerWatch(f"redis://127.0.0.1:{free_ports(1)[0]}/0")
    seen = await watch.look()
    assert (seen.broker_answers, seen.workers) == (False, ())
    await watch.close()


async def test_a_look_serves_those_who_ask_soon_after_it(redis_server: Any) -> None:
    watch = WorkerWatch(redis_server.redis_url)
    assert await watch.look() is await watch.look()
    await watch.close()
