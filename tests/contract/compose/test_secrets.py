"""The secrets of Compose are made once, and whoever needs one has the same as its server."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from photo_records.role_logins import read_passwords
from photo_records.service_roles import ServiceRole

ROOT = Path(__file__).parents[3]
SERVICES = {
    "ingest-service": ServiceRole.INGEST,
    "status-service": ServiceRole.STATUS,
    "worker": ServiceRole.WORKER,
    "admin-console": ServiceRole.CONSOLE,
    "operator": ServiceRole.CONSOLE,
}


def contents(folder: Path) -> dict[Path, str]:
    return {path: path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_another_start_changes_nothing(run_make_secrets: Callable[[], Path]) -> None:
    first = contents(run_make_secrets())
    assert contents(run_make_secrets()) == first


def test_what_is_made_from_them_is_made_again_where_it_was_lost(
    run_make_secrets: Callable[[], Path], mounted_secrets: dict[str, str]
) -> None:
    made = run_make_secrets()
    first = contents(made)
    (made / mounted_secrets["worker"] / "database_url").unlink()
    assert contents(run_make_secrets()) == first


def test_each_service_logs_in_as_its_own_role(secret_files: dict[str, Path]) -> None:
    passwords = read_passwords(secret_files["migrations"] / "logins")
    for service, role in SERVICES.items():
        url = urlsplit((secret_files[service] / "database_url").read_text())
        assert (url.username, url.password) == (role, passwords[role])


def test_the_migrations_log_in_as_the_owner_who_is_not_the_superuser(
    compose_file: Any, secret_files: dict[str, Path]
) -> None:
    owner = urlsplit((secret_files["migrations"] / "database_url").read_text())
    assert owner.username == "photo"
    assert owner.password == (secret_files["postgres"] / "owner_password").read_text()
    # Without POSTGRES_USER the image's superuser is `postgres`.
    assert "POSTGRES_USER" not in compose_file.environment("postgres")
    statements = (ROOT / "deploy" / "compose" / "make_owner.sql").read_text("utf-8")
    assert "/run/secrets/owner_password" in statements
    assert "SUPERUSER" not in statements


def test_no_two_secrets_are_the_same(secret_files: dict[str, Path]) -> None:
    urls = [(secret_files[service] / "database_url").read_text() for service in SERVICES]
    passwords = {urlsplit(url).password for url in urls}
    passwords.add((secret_files["postgres"] / "password").read_text())
    passwords.add((secret_files["postgres"] / "owner_password").read_text())
    passwords.add((secret_files["redis"] / "password").read_text())
    users = (secret_files["redis"] / "logins").iterdir()
    passwords.update(user.read_text() for user in users)
    passwords.add((secret_files["upload-gateway"] / "session_secret").read_text())
    passwords.add((secret_files["operator"] / "admin_password").read_text())
    # The console and what makes its first operator are one role.
    assert len(passwords) == len(SERVICES) - 1 + 9
    assert all(password and len(password) == 64 for password in passwords)


def test_each_service_is_a_user_of_redis_with_rights_of_its_own(
    secret_files: dict[str, Path],
) -> None:
    lines = (secret_files["redis"] / "redis.conf").read_text().splitlines()
    assert lines[0] == f"requirepass {(secret_files['redis'] / 'password').read_text()}"
    users = {line.split()[1]: line.split()[2:] for line in lines[1:]}
    assert len(users) == len(lines) - 1
    for service in SERVICES.keys() - {"operator"}:
        url = urlsplit((secret_files[service] / "redis_url").read_text())
        assert url.username == SERVICES[service]
        rights = users.pop(url.username)
        assert rights[:2] == ["on", f">{url.password}"]
        if service == "status-service":
            assert rights[2:] == ["resetkeys", "&*", "+@pubsub", "+@connection"]
        else:
            assert rights[-3:] == ["+@all", "-@admin", "-@dangerous"]
    assert not users
