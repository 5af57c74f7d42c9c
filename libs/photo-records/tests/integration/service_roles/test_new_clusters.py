"""Roles are those of a cluster, which has many databases, and an owner who may not make roles."""

import secrets
from typing import Any

import pytest

from local_stack.embedded_postgres import EmbeddedPostgres

_SECONDS = 120
_ROLES = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'photo\\_%' ORDER BY 1"


@pytest.fixture
def plain_owner_url(cluster: EmbeddedPostgres, connect: Any) -> str:
    """A database whose owner, photo_console, may make no roles; there are no others yet."""
    password = secrets.token_hex(16)
    with connect(cluster.database_url) as cursor:
        cursor.execute(f"CREATE ROLE photo_console LOGIN PASSWORD '{password}'")
        cursor.execute("GRANT photo_console TO photo")
        cursor.execute("CREATE DATABASE plain OWNER photo_console")
    return cluster.url_of("photo_console", password).removesuffix("photo") + "plain"


def test_databases_that_are_migrated_at_the_same_time_share_the_roles(
    cluster: EmbeddedPostgres, connect: Any, start_command: Any
) -> None:
    names = ("one", "two", "three")
    with connect(cluster.database_url) as cursor:
        for name in names:
            cursor.execute(f"CREATE DATABASE {name}")
    urls = [cluster.database_url.removesuffix("photo") + name for name in names]
    running = [start_command("migrate", {"DATABASE_URL": url}) for url in urls]
    errors = [process.communicate(timeout=_SECONDS)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], errors
    assert not any("service_roles_missing" in text for text in errors)
    for url in urls:
        with connect(url) as cursor:
            cursor.execute("SELECT has_table_privilege('photo_status', 'photos', 'SELECT')")
            assert cursor.fetchone() == (True,)


def test_an_owner_who_may_make_no_roles_is_told_and_their_rights_follow(
    cluster: EmbeddedPostgres, connect: Any, start_command: Any, plain_owner_url: str
) -> None:
    settings = {"DATABASE_URL": plain_owner_url}
    first = start_command("migrate", settings)
    _, errors = first.communicate(timeout=_SECONDS)
    assert first.returncode == 0, errors
    assert "service_roles_missing" in errors
    assert "Database roles" in errors
    assert all(role in errors for role in ("photo_ingest", "photo_status", "photo_worker"))
    with connect(cluster.database_url) as cursor:
        cursor.execute(_ROLES)
        assert cursor.fetchall() == [("photo_console",)]
        for role in ("photo_ingest", "photo_status", "photo_worker"):
            cursor.execute(f"CREATE ROLE {role}")
    second = start_command("migrate", settings)
    _, errors = second.communicate(timeout=_SECONDS)
    assert second.returncode == 0, errors
    assert "service_roles_missing" not in errors
    with connect(plain_owner_url) as cursor:
        cursor.execute("SELECT has_column_privilege('photo_worker', 'photos', 'status', 'UPDATE')")
        assert cursor.fetchone() == (True,)
