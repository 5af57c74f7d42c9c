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
from photo_records.role_logins import set_logins
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
def url_of(postgres: EmbeddedPostgres, database_url: str) -> Callable[[ServiceRole], str]:
    """The URL of the test's own database for a service."""
    passwords = {role: secrets.token_hex(16) for role in ServiceRole}
    set_logins(database_url, passwords)
    name = database_url.rpartition("/")[2]

    def url(role: ServiceRole) -> str:
        return f"{postgres.url_of(role, passwords[role]).rpartition('/')[0]}/{name}"

    return url


@pytest.fixture
def as_role(url_of: Callable[[ServiceRole], str]) -> Callable[[ServiceRole], Any]:
    """Opens a cursor on the test's own database as a service would."""
    return lambda role: connected(url_of(role))


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
