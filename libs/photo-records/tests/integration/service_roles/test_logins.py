"""`python -m photo_records logins`: each service gets its own way into the database."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2
import pytest

from local_stack.embedded_postgres import EmbeddedPostgres
from photo_records import role_logins
from photo_records.service_roles import ServiceRole

_SECONDS = 60


@pytest.fixture(autouse=True)
def logins_of_other_tests(databases: Any) -> Iterator[None]:
    """Roles are those of the cluster: what other tests log in with holds again afterwards."""
    yield
    databases.let_services_in()


def _settings(database_url: str, folder: Path) -> dict[str, str]:
    return {"DATABASE_URL": database_url, "LOGIN_PASSWORDS_FOLDER": str(folder)}


def _role_that_answers(url: str) -> str:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            row = cursor.fetchone()
            assert row
            return str(row[0])
    finally:
        connection.close()


def test_each_role_logs_in_with_the_password_of_its_file_however_often_it_runs(
    start_command: Any, postgres: EmbeddedPostgres, database_url: str, password_files: Path
) -> None:
    settings = _settings(database_url, password_files)
    # At the same time, too: none of them is in the way of another.
    running = [start_command("logins", settings) for _ in range(2)]
    told = [process.communicate(timeout=_SECONDS) for process in running]
    assert [process.returncode for process in running] == [0, 0], told
    for role in ServiceRole:
        password = (password_files / role.service).read_text("ascii").strip()
        assert _role_that_answers(postgres.url_of(role, password)) == role
        assert password not in "".join(text for both in told for text in both)


def test_a_password_that_was_changed_is_the_only_one_that_opens(
    start_command: Any, postgres: EmbeddedPostgres, database_url: str, password_files: Path
) -> None:
    settings = _settings(database_url, password_files)
    file = password_files / "worker"
    old = file.read_text("ascii").strip()
    for password in (old, "a new пароль, as long as anybody likes"):
        file.write_text(f"{password}\n", "utf-8")
        process = start_command("logins", settings)
        _, errors = process.communicate(timeout=_SECONDS)
        assert process.returncode == 0, errors
        url = postgres.url_of("photo_worker", quote(password))
        assert _role_that_answers(url) == "photo_worker"
    with pytest.raises(psycopg2.OperationalError):
        _role_that_answers(postgres.url_of("photo_worker", old))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "worker cannot be read: No such file"),
        (b"\n", "worker should hold a password"),
        (b"x" * 1025, "worker should hold a password"),
        (b"\xff\xfe", "worker cannot be read: it is not UTF-8"),
    ],
)
def test_a_file_that_holds_no_password_is_named(
    start_command: Any,
    database_url: str,
    password_files: Path,
    content: bytes | None,
    told: str,
) -> None:
    file = password_files / "worker"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    process = start_command("logins", _settings(database_url, password_files))
    _, errors = process.communicate(timeout=_SECONDS)
    assert process.returncode == 2
    assert errors.startswith("LOGIN_PASSWORDS_FOLDER: ")
    assert told in errors


def test_before_the_migrations_it_says_what_to_run(
    start_command: Any, cluster: EmbeddedPostgres, password_files: Path
) -> None:
    process = start_command("logins", _settings(cluster.database_url, password_files))
    _, errors = process.communicate(timeout=_SECONDS)
    assert process.returncode == 1
    assert "python -m photo_records migrate" in errors
    assert "Traceback" not in errors


def test_a_run_that_another_keeps_waiting_says_so(
    connect: Any, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(role_logins, "_LOCK_SECONDS", 0.1)
    with connect(database_url) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [role_logins._LOCK])
        with pytest.raises(role_logins.LoginsRefusedError, match="Another run"):
            role_logins.set_logins(database_url, {ServiceRole.WORKER: "of no use"})
