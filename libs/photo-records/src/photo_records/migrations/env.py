"""How alembic runs the migrations."""

import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog
from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from psycopg2.errors import LockNotAvailable
from sqlalchemy import Connection, create_engine, event, pool, text
from sqlalchemy.exc import OperationalError

from photo_records.role_grants import grant_rights
from photo_records.schema_version import REQUIRED_VERSION
from photo_records.tables import Record

_log = structlog.get_logger(__name__)

_LOCK = 0x70686F746F73  # "photos"
# How long a migration waits for another one that runs, in seconds.
_WAIT_SECONDS = 600.0
_POLL_SECONDS = 0.2
# Whoever comes after somebody who waits for a whole table waits too: so that is not for long.
_LOCK_TIMEOUT = "2s"
# How often, and after which pause, it is asked for again.
_MOST_TRIES = 60
_PAUSE_SECONDS = 3.0

engine = create_engine(
    context.config.attributes["database_url"],
    poolclass=pool.NullPool,
    connect_args={"connect_timeout": 10},
)


# Of the transaction: what runs outside of one, as CREATE INDEX CONCURRENTLY, waits for as long as
# it takes, and nobody waits for it.
@event.listens_for(engine, "begin")
def wait_for_locks_with_an_end(connection: Connection) -> None:
    """Let every statement of the transaction give up that waits for a lock."""
    driver_connection: Any = connection.connection.dbapi_connection
    if not driver_connection.autocommit:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")


@contextmanager
def only_one_at_a_time() -> Iterator[None]:
    """Hold a lock of the whole run, on a connection of its own.

    Asked for again and again: whoever waits inside a statement would hold a snapshot, for which
    CREATE INDEX CONCURRENTLY waits in turn.
    """
    deadline = time.monotonic() + _WAIT_SECONDS
    with engine.connect() as unconfigured:
        holder = unconfigured.execution_options(isolation_level="AUTOCOMMIT")
        while not holder.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK}):
            if time.monotonic() > deadline:
                raise TimeoutError(f"Another migration still runs after {_WAIT_SECONDS:.0f} s.")
            threading.Event().wait(_POLL_SECONDS)
        yield


# Alembic names the arguments.
def grant_what_is_new(
    ctx: MigrationContext,
    step: MigrationInfo,  # noqa: ARG001
    heads: Collection[Any],  # noqa: ARG001
    run_args: Mapping[str, Any],  # noqa: ARG001
) -> None:
    """Let the services use what a migration made, in its own transaction."""
    assert ctx.connection is not None
    grant_rights(ctx.connection)


def grant_all() -> None:
    """Give roles theirs that somebody made since, and name those that are missing."""
    with engine.begin() as connection:
        missing = grant_rights(connection)
    if missing:
        _log.warning(
            "service_roles_missing",
            roles=sorted(missing),
            mended_by='docs/operations.md, "Database roles"',
        )


def migrate() -> None:
    """Run what has not run yet; what was done before an error stays done."""
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Record.metadata,
            transaction_per_migration=True,
            on_version_apply=grant_what_is_new,
        )
        with context.begin_transaction():
            context.run_migrations()


def migrate_patiently() -> None:
    """Try again where others held a table for too long, and let those in who waited behind."""
    for tried in range(1, _MOST_TRIES + 1):
        try:
            migrate()
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable) or tried == _MOST_TRIES:
                raise
            _log.warning("migration_waits_for_lock", tried=tried)
        else:
            return
        threading.Event().wait(_PAUSE_SECONDS)


def newer_schema() -> str | None:
    """The migration that the database is at, where only a later release knows it."""
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return found if found is not None and int(found) > int(REQUIRED_VERSION) else None


with only_one_at_a_time():
    found = newer_schema()
    if found is None:
        migrate_patiently()
        grant_all()
    else:
        # A rollback: what is newer has only expanded, and this release runs on it as it is.
        _log.warning("schema_is_newer", found=found, known=REQUIRED_VERSION)
