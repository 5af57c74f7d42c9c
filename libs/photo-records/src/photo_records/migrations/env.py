"""How alembic runs the migrations."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from sqlalchemy import create_engine, pool, text

from photo_records.tables import Record

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


with only_one_at_a_time(), engine.connect() as connection:
    context.configure(
        connection=connection, target_metadata=Record.metadata, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()
