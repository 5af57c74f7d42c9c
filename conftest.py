"""What the tests of every member share: a real Postgres and a real Redis, started once a run."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from alembic import command

from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.embedded_redis import EmbeddedRedis
from local_stack.ports import free_ports
from local_stack.temporary_folder import temporary_folder
from photo_records.migrations import alembic_config

_TEMPLATE = "migrated"
_KINDS = ("unit", "integration", "e2e", "contract")


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder for servers, which other system users may enter."""
    with temporary_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres(scratch: Path) -> Iterator[EmbeddedPostgres]:
    """A cluster with the migrated, empty database that `database_url` copies."""
    port = free_ports(1)[0]
    server = EmbeddedPostgres(scratch / "postgres", port, secrets.token_hex(16))
    with server.running():
        _execute(server.database_url, f"CREATE DATABASE {_TEMPLATE}")
        command.upgrade(alembic_config(_named(server.database_url, _TEMPLATE)), "head")
        yield server


@pytest.fixture
def database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """An empty, migrated database for one test."""
    name = f"test_{secrets.token_hex(8)}"
    _execute(postgres.database_url, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
    yield _named(postgres.database_url, name)
    _execute(postgres.database_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def redis_server(scratch: Path) -> Iterator[EmbeddedRedis]:
    """A Redis with nothing in it."""
    port = free_ports(1)[0]
    server = EmbeddedRedis(scratch / "redis", port, secrets.token_hex(16))
    with server.running():
        yield server


def _named(database_url: str, name: str) -> str:
    return f"{database_url.rpartition('/')[0]}/{name}"


def _execute(database_url: str, statement: str) -> None:
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end how many tests of each kind ran."""
    passed = [report.nodeid for report in terminalreporter.stats.get("passed", [])]
    counts = {kind: sum(f"/{kind}/" in node for node in passed) for kind in _KINDS}
    skipped = len(terminalreporter.stats.get("skipped", []))
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    terminalreporter.write_line(f"Passed: {told or 'nothing'}; skipped: {skipped}.")
