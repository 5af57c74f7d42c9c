"""The migrations against the models, against themselves and against the code that reads them."""

import os
import subprocess
import sys
from collections.abc import Callable

import asyncpg
import psycopg2
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from photo_records.asyncpg_pool import open_pool
from photo_records.database_url import with_driver
from photo_records.migrations import alembic_config
from photo_records.schema_check import SchemaOutdatedError, check_schema
from photo_records.schema_version import REQUIRED_VERSION
from photo_records.tables import Record

_CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
"""
_INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
# What alembic reads of an index leaves the collation out; the next test holds it too.
_UNREADABLE = {"photos_ended_name_idx"}
_COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, column_default, identity_generation
FROM information_schema.columns WHERE table_schema = 'public'
"""


@pytest.fixture
def empty_database_url(database_url: str) -> str:
    """A database without any table."""
    _execute(database_url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return database_url


def test_autogenerate_finds_nothing_to_change_after_the_migrations(database_url: str) -> None:
    engine = create_engine(with_driver(database_url, "psycopg2"))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "include_object": lambda _, name, *__: name not in _UNREADABLE,
            },
        )
        assert compare_metadata(context, Record.metadata) == []
    engine.dispose()


@pytest.mark.parametrize("query", [_CONSTRAINTS, _INDEXES, _COLUMNS])
def test_the_migrations_make_exactly_what_the_models_describe(
    database_url: str, query: str
) -> None:
    migrated = _rows(database_url, query)
    _execute(database_url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    engine = create_engine(with_driver(database_url, "psycopg2"))
    Record.metadata.create_all(engine)
    engine.dispose()
    described = _rows(database_url, query)
    assert {row for row in migrated if row[0] != "alembic_version"} == described


def test_a_second_migration_changes_nothing_and_keeps_the_rows(database_url: str) -> None:
    _execute(database_url, _INSERT_BATCH)
    command.upgrade(alembic_config(database_url), "head")
    assert _rows(database_url, "SELECT owner FROM batches") == {("somebody",)}


def test_photos_that_ended_before_there_were_facts_stay_as_they_are(
    empty_database_url: str,
) -> None:
    command.upgrade(alembic_config(empty_database_url), "0005")
    _execute(empty_database_url, _INSERT_BATCH, *_INSERT_PHOTOS)
    read = "SELECT status, width, error_code, revision FROM photos"
    before = _rows(empty_database_url, read)
    command.upgrade(alembic_config(empty_database_url), "head")
    assert _rows(empty_database_url, read) == before
    assert _rows(empty_database_url, "SELECT num_nonnulls(pages, phash) FROM photos") == {(0,)}


def test_the_facts_of_photos_are_checked_while_others_go_on_writing(
    empty_database_url: str,
) -> None:
    command.upgrade(alembic_config(empty_database_url), "0006")
    unchecked = "SELECT conname FROM pg_constraint WHERE NOT convalidated"
    # None was checked under the lock that adding them takes.
    assert ("photos_phash_check",) in _rows(empty_database_url, unchecked)
    assert ("photos_error_code_check",) in _rows(empty_database_url, unchecked)
    _execute(empty_database_url, _INSERT_BATCH, *_INSERT_PHOTOS)
    writer = psycopg2.connect(empty_database_url)
    try:
        with writer.cursor() as cursor:
            cursor.execute("UPDATE photos SET revision = revision + 1")
            command.upgrade(alembic_config(empty_database_url), "0007")
    finally:
        writer.close()
    assert _rows(empty_database_url, unchecked) == set()


def test_a_migration_that_waits_for_a_table_lets_others_use_it_meanwhile(
    empty_database_url: str,
) -> None:
    command.upgrade(alembic_config(empty_database_url), "0016")
    reader = psycopg2.connect(empty_database_url)
    with reader.cursor() as cursor:
        # A backup, say: it goes on until the migration has given up at least once.
        cursor.execute("SELECT FROM photos")
        process = _start_migration(empty_database_url)
        assert process.stderr
        told = ""
        while "migration_waits_for_lock" not in told:
            told = process.stderr.readline()
            assert told, "it ended without waiting"
        assert _rows(empty_database_url, "SELECT count(*) FROM photos") == {(0,)}
    reader.close()
    assert process.communicate(timeout=60)[0] == ""
    assert process.returncode == 0
    assert _rows(empty_database_url, "SELECT version_num FROM alembic_version") == {
        (REQUIRED_VERSION,)
    }


def test_migrations_started_at_the_same_time_run_one_after_the_other(
    empty_database_url: str,
) -> None:
    started = [_start_migration(empty_database_url) for _ in range(3)]
    outputs = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], outputs
    assert _rows(empty_database_url, "SELECT version_num FROM alembic_version") == {
        (REQUIRED_VERSION,)
    }


def test_the_command_tells_nobody_the_password(empty_database_url: str) -> None:
    process = _start_migration(empty_database_url)
    output, errors = process.communicate(timeout=60)
    password = empty_database_url.split(":")[2].partition("@")[0]
    assert process.returncode == 0
    assert password not in output + errors


def test_the_code_requires_the_newest_migration(database_url: str) -> None:
    scripts = ScriptDirectory.from_config(alembic_config(database_url))
    assert scripts.get_heads() == [REQUIRED_VERSION]


async def test_a_migrated_database_passes_the_check(pool: asyncpg.Pool) -> None:
    await check_schema(pool)


async def test_a_newer_database_passes_the_check(pool: asyncpg.Pool) -> None:
    await pool.execute("UPDATE alembic_version SET version_num = '9999'")
    await check_schema(pool)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE alembic_version SET version_num = '0000'", "0000"),
        ("DELETE FROM alembic_version", "None"),
        ("DROP TABLE alembic_version", "None"),
    ],
)
async def test_an_older_database_is_refused_with_what_to_run(
    pool: asyncpg.Pool, statement: str, found: str
) -> None:
    await pool.execute(statement)
    with pytest.raises(SchemaOutdatedError) as caught:
        await check_schema(pool)
    assert f"at migration {found}," in str(caught.value)
    assert "python -m photo_records migrate" in str(caught.value)


async def test_the_empty_database_of_a_first_start_is_refused_too(empty_database_url: str) -> None:
    pool = await open_pool(empty_database_url, 1)
    with pytest.raises(SchemaOutdatedError):
        await check_schema(pool)
    await pool.close()


def test_the_tables_are_there_after_a_migration_of_an_empty_database(
    empty_database_url: str,
) -> None:
    command.upgrade(alembic_config(empty_database_url), "head")
    engine = create_engine(with_driver(empty_database_url, "psycopg2"))
    assert set(inspect(engine).get_table_names()) == {*Record.metadata.tables, "alembic_version"}
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM photos")).scalar() == 0
    engine.dispose()


@pytest.mark.parametrize("url", ["", "mysql://a/b", "postgresql+asyncpg://a/b", "a/b"])
def test_a_url_of_another_kind_is_refused_by_the_name_of_its_setting(url: str) -> None:
    with pytest.raises(ValueError, match="DATABASE_URL must start with postgresql://"):
        with_driver(url, "psycopg2")


_INSERT_BATCH = """
INSERT INTO batches (id, owner, idempotency_key, fingerprint, rejected, pending)
VALUES (gen_random_uuid(), 'somebody', 'key', decode(repeat('00', 32), 'hex'), '[]', 0)
"""

_INSERT_PHOTO = """
INSERT INTO photos (task_id, batch_id, owner, file_name, content_type, size, sha256, object_key,
    position, lane, {columns})
SELECT gen_random_uuid(), id, owner, 'a.jpg', 'image/jpeg', 3, decode(repeat('00', 32), 'hex'),
    'originals/a', 0, 'bulk', {values} FROM batches
"""
# As every version of the code may have left them.
_INSERT_PHOTOS = [
    _INSERT_PHOTO.format(columns="status", values="'PENDING'"),
    _INSERT_PHOTO.format(
        columns="status, finished_at, error_code, error_message",
        values="'FAILURE', now(), 'too_many_pixels', 'Too many.'",
    ),
    _INSERT_PHOTO.format(
        columns="status, finished_at, format, width, height, random_number, processing_time",
        values="'SUCCESS', now(), 'jpeg', 1600, 1000, 42, 0.25",
    ),
]


def test_the_schema_of_a_later_release_is_left_as_it_is(database_url: str) -> None:
    _execute(
        database_url,
        "ALTER TABLE photos ADD COLUMN of_a_later_release int",
        "UPDATE alembic_version SET version_num = '9999'",
    )
    process = _start_migration(database_url)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "schema_is_newer" in output + errors
    assert _rows(database_url, "SELECT version_num FROM alembic_version") == {("9999",)}


@pytest.mark.parametrize(
    ("database_url", "code", "told"),
    [
        ("nonsense", 2, "DATABASE_URL must start with postgresql://"),
        ("postgresql://photo:secret-word@127.0.0.1:1/photos", 1, "Connection refused"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_without_a_traceback(
    database_url: str, code: int, told: str
) -> None:
    process = _start_migration(database_url)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert errors.startswith("DATABASE_URL: ")
    assert told in errors
    assert "Traceback" not in errors
    assert "secret-word" not in errors


def _start_migration(database_url: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "photo_records", "migrate"],
        env=_environment() | {"DATABASE_URL": database_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _environment() -> dict[str, str]:
    return dict(os.environ)  # noqa: TID251 - handed on to a child


def _rows(database_url: str, query: str) -> set[tuple[object, ...]]:
    return _with_cursor(database_url, lambda cursor: (cursor.execute(query), cursor.fetchall())[1])


def _execute(database_url: str, *statements: str) -> None:
    _with_cursor(database_url, lambda cursor: [cursor.execute(one) for one in statements])


def _with_cursor(database_url: str, use: Callable[..., object]) -> set[tuple[object, ...]]:
    connection = psycopg2.connect(database_url)
    try:
        with connection, connection.cursor() as cursor:
            return {*(use(cursor) or ())}  # type: ignore[misc]
    finally:
        connection.close()
