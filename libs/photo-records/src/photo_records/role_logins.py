"""Lets the services log in, each as its own role with its own password."""

from collections.abc import Mapping
from pathlib import Path

import psycopg2
import psycopg2.errors
from psycopg2 import sql
from psycopg2.extensions import encrypt_password

from photo_records.service_roles import ServiceRole

_CONNECT_SECONDS = 10
# One run after the other: Postgres refuses two that change a role at the same moment.
_LOCK = 0x6C6F67696E73  # "logins"
_LOCK_SECONDS = 60
_MOST_BYTES = 1024


class PasswordFileError(Exception):
    """A file that should hold a password does not; the text says which and why."""


class LoginsRefusedError(Exception):
    """The database did not let the roles be changed; the text says what to do."""


def read_passwords(folder: Path) -> Mapping[ServiceRole, str]:
    """The password of each role: the file of its service's name, without its line end.

    Raises PasswordFileError.
    """
    return {role: _read_password(folder / role.service) for role in ServiceRole}


def set_logins(database_url: str, passwords: Mapping[ServiceRole, str]) -> None:
    """Give the roles LOGIN and their passwords, all or none; those of before are of no use then.

    `database_url` names a role that made them, or a superuser. Raises LoginsRefusedError, and what
    psycopg2 raises.
    """
    connection = psycopg2.connect(database_url, connect_timeout=_CONNECT_SECONDS)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            for role, password in passwords.items():
                # What is sent, and what a log of the server may show, is a verifier (RFC 5803).
                verifier = encrypt_password(password, role, connection, "scram-sha-256")
                statement = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}")
                cursor.execute(statement.format(sql.Identifier(role), sql.Literal(verifier)))
    except psycopg2.errors.UndefinedObject as error:
        raise LoginsRefusedError(
            "The roles of the services are missing: run `python -m photo_records migrate` as a"
            ' role that may create roles, or see docs/operations.md, "Database roles".'
        ) from error
    except psycopg2.errors.LockNotAvailable as error:
        raise LoginsRefusedError(
            f"Another run has held the roles of the services for {_LOCK_SECONDS} s: end it or wait"
            " for its end, and run this again."
        ) from error
    except psycopg2.errors.InsufficientPrivilege as error:
        raise LoginsRefusedError(
            "The role of DATABASE_URL may not change the roles of the services, because it did not"
            ' create them: see docs/operations.md, "Database roles".'
        ) from error
    finally:
        connection.close()


def _read_password(path: Path) -> str:
    try:
        with path.open("rb") as file:
            password = file.read(_MOST_BYTES + 1).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise PasswordFileError(f"{path} cannot be read: {reason}") from error
    if not password or len(password) > _MOST_BYTES:
        raise PasswordFileError(f"{path} should hold a password of 1 to {_MOST_BYTES} bytes")
    return password
