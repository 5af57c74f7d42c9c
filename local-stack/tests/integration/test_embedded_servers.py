import stat
from pathlib import Path

import psycopg2
import pytest
import redis

from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.embedded_redis import EmbeddedRedis
from local_stack.ports import free_ports, is_free
from local_stack.readiness import postgres_accepts, redis_answers
from local_stack.stack_error import StackError


def test_postgres_is_made_once_in_a_folder_with_spaces_and_keeps_its_data(
    open_folder: Path,
) -> None:
    server = EmbeddedPostgres(open_folder / "my data", free_ports(1)[0], "a-password")
    for expected in (1, 2):
        with server.running():
            connection = psycopg2.connect(server.database_url)
            with connection, connection.cursor() as cursor:
                cursor.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
                cursor.execute("INSERT INTO kept VALUES (1)")
                cursor.execute("SELECT count(*), current_setting('fsync') FROM kept")
                assert cursor.fetchone() == (expected, "on")
            connection.close()
        assert is_free(server.port)


def test_the_role_is_no_superuser_and_may_create_databases_and_roles(open_folder: Path) -> None:
    server = EmbeddedPostgres(open_folder / "postgres", free_ports(1)[0], "a-password")
    with server.running():
        connection = psycopg2.connect(server.database_url)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT rolsuper, rolcreatedb, rolcreaterole, pg_encoding_to_char(encoding)"
                " FROM pg_roles, pg_database WHERE rolname = 'photo' AND datname = 'photo'"
            )
            assert cursor.fetchone() == (False, True, True, "UTF8")
        connection.close()


@pytest.mark.parametrize("user", ["photo:wrong", "postgres:a-password", "postgres:"])
def test_nobody_logs_in_without_the_password(open_folder: Path, user: str) -> None:
    server = EmbeddedPostgres(open_folder / "postgres", free_ports(1)[0], "a-password")
    with server.running():
        assert not postgres_accepts(f"postgresql://{user}@127.0.0.1:{server.port}/postgres")()


def test_a_cluster_from_before_the_roles_of_services_takes_them_too(open_folder: Path) -> None:
    server = EmbeddedPostgres(open_folder / "postgres", free_ports(1)[0], "a-password")
    server.initialise()
    hba = server.folder / "data" / "pg_hba.conf"
    hba.write_text("host all photo 127.0.0.1/32 scram-sha-256\n")
    with server.running():
        connection = psycopg2.connect(server.database_url)
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT rolcreaterole FROM pg_roles WHERE rolname = 'photo'")
            assert cursor.fetchone() == (True,)
            cursor.execute("CREATE ROLE photo_status LOGIN PASSWORD 'another-password'")
        connection.close()
        assert postgres_accepts(server.url_of("photo_status", "another-password"))()
        assert not postgres_accepts(server.url_of("photo_status", "a-password"))()


def test_the_data_are_closed_to_other_users(open_folder: Path) -> None:
    server = EmbeddedPostgres(open_folder / "postgres", free_ports(1)[0], "a-password")
    server.initialise()

    assert stat.S_IMODE(server.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((server.folder / "data").stat().st_mode) == 0o700


def test_an_interrupted_first_start_is_begun_again(open_folder: Path) -> None:
    server = EmbeddedPostgres(open_folder / "postgres", free_ports(1)[0], "a-password")
    (open_folder / "postgres" / "data.new").mkdir(parents=True)
    (open_folder / "postgres" / "data.new" / "half").touch()

    with server.running():
        assert postgres_accepts(server.database_url)()


def test_a_server_that_cannot_start_is_an_error_with_the_end_of_its_log(
    open_folder: Path,
) -> None:
    first = EmbeddedPostgres(open_folder / "postgres", free_ports(1)[0], "a-password")
    second = EmbeddedPostgres(open_folder / "other", first.port, "another-password")
    with (
        first.running(),
        pytest.raises(StackError, match="postgres ended with code 1 before it was ready"),
        second.running(),
    ):
        pass


def test_redis_keeps_its_data_and_asks_for_the_password(open_folder: Path) -> None:
    server = EmbeddedRedis(open_folder / 'my "data"', free_ports(1)[0], "a-password")
    for expected in (1, 2):
        with server.running():
            assert not redis_answers(f"redis://127.0.0.1:{server.port}/0")()
            with redis.Redis.from_url(server.redis_url, decode_responses=True) as client:
                assert client.incr("kept") == expected
                assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert is_free(server.port)
