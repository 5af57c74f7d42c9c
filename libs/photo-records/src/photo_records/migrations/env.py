"""How alembic runs the migrations."""

import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog
from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from sqlalchemy import create_engine, pool, text

from photo_records.role_grants import grant_rights
from photo_records.tables import Record

_log = structlog.get_logger(__name__)

_LOCK = 0x70686F746F73  # "photos"
# How long a migration waits for another one that runs, in seconds.
_WAIT_SECONDS = 600.0
_POLL_SECONDS = 0.2

engine = create_engine(
    context.config.attributes["database_url"],
    poolclass=pool.NullPool,
    connect_args={"connect_timeout": 10},
)


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


with only_one_at_a_time():
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Record.metadata,
            transaction_per_migration=True,
            on_version_apply=grant_what_is_new,
        )
        with context.begin_transaction():
            context.run_migrations()
    grant_all()
