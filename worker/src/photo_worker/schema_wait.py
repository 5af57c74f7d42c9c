"""Before the first task: the database has to answer, with the tables that this code needs."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import SystemRandom
from threading import Event

import psycopg2.errors
import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from photo_records.schema_version import REQUIRED_VERSION
from photo_worker.database_patience import waits_that_end

# In seconds: how long one look may take, and the pauses between looks, doubled each time.
_PATIENCE = 5.0
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0

_log = structlog.get_logger(__name__)
_jitter = SystemRandom()


def wait_for_schema(engine: Engine) -> bool:
    """Wait until the newest migration that this code needs has run; False if told to stop first.

    A worker that is newer than the schema would take tasks only to fail them. `engine` must not
    keep connections: the processes of the pool are forked later.
    """
    pause = _FIRST_PAUSE
    with _stop_signals() as stopping:
        while not stopping.is_set():
            if _is_new_enough(engine):
                return True
            stopping.wait(pause * _jitter.uniform(0.5, 1.0))
            pause = min(2 * pause, _LONGEST_PAUSE)
    return False


def _is_new_enough(engine: Engine) -> bool:
    try:
        with waits_that_end(time.monotonic() + _PATIENCE):
            found = _version(engine)
    except SQLAlchemyError as error:
        _log.warning("database_unavailable", trouble=type(error).__name__)
        return False
    if found is not None and int(found) >= int(REQUIRED_VERSION):
        return True
    # `python -m photo_records migrate` mends it.
    _log.warning("schema_outdated", found=found, required=REQUIRED_VERSION)
    return False


def _version(engine: Engine) -> str | None:
    try:
        with engine.begin() as connection:
            query = text("SELECT version_num FROM alembic_version")
            found: str | None = connection.execute(query).scalar_one_or_none()
    except ProgrammingError as error:
        if isinstance(error.orig, psycopg2.errors.UndefinedTable):
            return None
        raise
    return found


@contextmanager
def _stop_signals() -> Iterator[Event]:
    """Set by SIGTERM and SIGINT, which Celery handles only once it runs."""
    stopping = Event()
    earlier = {
        number: signal.signal(number, lambda *_: stopping.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stopping
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
