"""What the tests of the services' roles share: a cluster of their own, and logins."""

import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.ports import free_ports
from local_stack.settings import inherited_variables
from local_stack.temporary_folder import temporary_folder
from photo_records.service_roles import ServiceRole


@contextmanager
def connected(database_url: str) -> Iterator[Any]:
    """A cursor that commits each statement."""
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


@pytest.fixture
def connect() -> Callable[..., Any]:
    """Opens a cursor on a database."""
    return connected


@pytest.fixture
def cluster() -> Iterator[EmbeddedPostgres]:
    """A cluster in which nothing was migrated yet: roles are those of the whole cluster."""
    with temporary_folder() as folder:
        port = free_ports(1)[0]
        with EmbeddedPostgres(folder / "postgres", port, secrets.token_hex(16)).running() as server:
            yield server


@pytest.fixture
def as_role(databases: Any, database_url: str) -> Callable[[ServiceRole], Any]:
    """Opens a cursor on the test's own database as a service would."""
    return lambda role: connected(databases.url_for(role, database_url))


@pytest.fixture
def password_files(tmp_path: Path) -> Path:
    """A folder with a password for each service."""
    folder = tmp_path / "logins"
    folder.mkdir()
    for role in ServiceRole:
        (folder / role.service).write_text(f"{secrets.token_hex(16)}\n", "ascii")
    return folder


@pytest.fixture
def start_command() -> Callable[..., "subprocess.Popen[str]"]:
    """Starts `python -m photo_records` with a command and its settings."""

    def start(command: str, settings: Mapping[str, str]) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "photo_records", command],
            env={**inherited_variables(), **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start
