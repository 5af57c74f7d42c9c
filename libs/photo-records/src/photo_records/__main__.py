"""The database, before the services start.

`migrate` brings it to the newest migration; `logins` lets each service log in as its own role.
"""

import argparse
import sys

import psycopg2
import structlog
from alembic import command
from sqlalchemy.exc import OperationalError

from photo_records.migrations import alembic_config
from photo_records.role_logins import (
    LoginsRefusedError,
    PasswordFileError,
    read_passwords,
    set_logins,
)
from photo_records.settings import LoginSettings, MigrationSettings
from service_kit.settings import load_settings
from service_kit.structured_logging import configure_logging

# What the driver tells names host, port, role and reason, and no password.
_TROUBLE = "DATABASE_URL: the database could not be used. Mend that and run it again:\n{}\n"

_log = structlog.get_logger(__name__)


def main() -> int:
    """Run the command; what a person must mend goes to standard error."""
    parser = argparse.ArgumentParser(prog="photo_records", description=__doc__)
    parser.add_argument("command", choices=["migrate", "logins"])
    run = _migrate if parser.parse_args().command == "migrate" else _logins
    try:
        return run()
    except OperationalError as error:
        sys.stderr.write(_TROUBLE.format(str(error.orig).strip()))
    except psycopg2.OperationalError as error:
        sys.stderr.write(_TROUBLE.format(str(error).strip()))
    return 1


def _migrate() -> int:
    settings = load_settings(MigrationSettings)
    configure_logging(settings, "migrations")
    command.upgrade(alembic_config(settings.database_url.get_secret_value()), "head")
    return 0


def _logins() -> int:
    settings = load_settings(LoginSettings)
    configure_logging(settings, "logins")
    try:
        passwords = read_passwords(settings.login_passwords_folder)
        set_logins(settings.database_url.get_secret_value(), passwords)
    except PasswordFileError as error:
        sys.stderr.write(f"LOGIN_PASSWORDS_FOLDER: {error}\n")
        return 2
    except LoginsRefusedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    _log.info("logins_set", roles=sorted(passwords))
    return 0


if __name__ == "__main__":
    sys.exit(main())
