"""What stops a worker from starting or makes it wait, and what it says then."""

import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from sqlalchemy import text

Start = Callable[..., "subprocess.CompletedProcess[str]"]
Wait = Callable[[Callable[[], Any], str], Any]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("DATABASE_URL", "mysql://photo:hidden@127.0.0.1/photo"),
        ("STORAGE_URL", "ftp://hidden/photos"),
        ("WORKER_CONCURRENCY", "hidden"),
    ],
)
def test_a_wrong_setting_is_named_and_not_shown(
    start_that_fails: Start, setting: str, value: str
) -> None:
    ended = start_that_fails(**{setting: value})
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"{setting}: ")
    assert "hidden" not in line


def test_a_taken_metrics_port_is_named_with_its_setting(start_that_fails: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = start_that_fails(WORKER_METRICS_PORT=str(port))
    assert ended.returncode == 1
    assert "WORKER_METRICS_PORT" in ended.stderr
    assert str(port) in ended.stderr


@contextmanager
def schema_at(library: Any, statement: str) -> Iterator[None]:
    """The database says by `statement` that it is older, until the end of the block."""
    with library.engine.begin() as connection:
        newest = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text(statement))
    try:
        yield
    finally:
        with library.engine.begin() as connection:
            connection.execute(text("ALTER TABLE IF EXISTS aside RENAME TO alembic_version"))
            connection.execute(text("UPDATE alembic_version SET version_num = :n"), {"n": newest})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alembic_version SET version_num = '0001'",
        "ALTER TABLE alembic_version RENAME TO aside",
    ],
    ids=["an old schema", "no schema"],
)
def test_a_worker_newer_than_the_schema_takes_no_task_until_the_migrations_have_run(
    start_worker: Any, library: Any, jpeg: bytes, wait: Wait, statement: str
) -> None:
    task_id = library.add(jpeg)
    with ExitStack() as trouble:
        trouble.enter_context(schema_at(library, statement))
        with start_worker(library) as worker:
            worker.publish(task_id)
            wait(lambda: worker.log.read_text().count("schema_outdated") > 1, "a second look")
            assert not worker.is_ready()
            trouble.close()
            wait(worker.is_ready, "the worker is ready")
            assert library.wait_for_end(task_id).status == "SUCCESS"


def test_a_worker_whose_database_is_away_at_start_waits_for_it(
    start_worker: Any, library: Any, jpeg: bytes, wait: Wait
) -> None:
    task_id = library.add(jpeg)
    with ExitStack() as trouble:
        trouble.enter_context(library.away())
        with start_worker(library) as worker:
            worker.publish(task_id)
            wait(lambda: worker.log.read_text().count("database_unavailable") > 1, "a second look")
            assert not worker.is_ready()
            trouble.close()
            wait(worker.is_ready, "the worker is ready")
            assert library.wait_for_end(task_id).status == "SUCCESS"


def test_a_worker_that_waits_at_start_ends_in_order_when_it_is_told_to(
    start_worker: Any, library: Any, wait: Wait
) -> None:
    with library.away(), start_worker(library) as worker:
        wait(lambda: "database_unavailable" in worker.log.read_text(), "it waits")
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(60) == 0
