"""What the worker's parent writes down when one of its processes dies."""

import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from uuid import UUID

import psycopg2
import psycopg2.extensions
import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from photo_domain.failure import FailureCode
from photo_records.task_claims import CrashVerdict, count_crash, end_timed_out
from photo_worker.claim_holder import ClaimHolder
from photo_worker.outcome import Outcome, OutcomeKind

_log = structlog.get_logger(__name__)

_TRIES = 3
# In seconds, for all tries together: meanwhile the parent hands out no work.
_PATIENCE = 5.0
_PAUSE = 0.2

AnswerT = TypeVar("AnswerT")


class ChildDeaths:
    """Ends or gives back the task of a process that died, and only of that process.

    Belongs to the thread that forks. Every write has a connection of its own, closed before it
    returns: a process forked later inherits none. What cannot be written is left to the lease.
    """

    def __init__(self, engine: Engine, holder: ClaimHolder) -> None:
        self._engine = engine
        self._holder = holder

    def timed_out(self, task_id: UUID, pid: int) -> Outcome | None:
        """The process worked on the task for too long; None if it did not hold the task."""
        ended = self._write(lambda connection: end_timed_out(connection, task_id, self._name(pid)))
        if not ended:
            return None
        _log.warning("task_timed_out", pid=pid)
        return Outcome(OutcomeKind.FAILURE, failure=FailureCode.TIMEOUT)

    def crashed(self, task_id: UUID, pid: int) -> Outcome | None:
        """The process died by itself while it had the task; None if it did not hold it."""
        verdict = self._write(lambda connection: count_crash(connection, task_id, self._name(pid)))
        if verdict is None:
            return None
        _log.warning("task_crashed", pid=pid, verdict=str(verdict))
        if verdict is CrashVerdict.GIVEN_BACK:
            return Outcome(OutcomeKind.GIVEN_BACK)
        return Outcome(OutcomeKind.FAILURE, failure=FailureCode.CRASHED)

    def _name(self, pid: int) -> str:
        return self._holder.name_of(pid)

    def _write(self, statement: Callable[[Connection], AnswerT]) -> AnswerT | None:
        deadline = time.monotonic() + _PATIENCE
        with _waits_that_end(deadline):
            for number in range(_TRIES):
                try:
                    with self._engine.begin() as connection:
                        return statement(connection)
                except SQLAlchemyError as error:
                    _log.warning("database_unavailable", trouble=type(error).__name__)
                if number + 1 == _TRIES or time.monotonic() + _PAUSE >= deadline:
                    break
                # A try that had been committed before its connection broke finds nothing to do.
                select.select([], [], [], _PAUSE)
        _log.warning("task_left_to_its_lease")
        return None


@contextmanager
def _waits_that_end(deadline: float) -> Iterator[None]:
    """Let psycopg2 wait for the database until `deadline` (monotonic seconds), not for ever.

    Neither `connect_timeout` nor `statement_timeout` helps against a server that is frozen.
    Source: https://www.psycopg.org/docs/advanced.html#support-for-coroutine-libraries.
    """

    def wait(connection: psycopg2.extensions.connection) -> None:
        while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
            left = deadline - time.monotonic()
            fileno = connection.fileno()
            reading = [fileno] if state == psycopg2.extensions.POLL_READ else []
            writing = [fileno] if state == psycopg2.extensions.POLL_WRITE else []
            if left <= 0 or not any(select.select(reading, writing, [], left)):
                raise psycopg2.OperationalError("the database did not answer in time")

    psycopg2.extensions.set_wait_callback(wait)
    try:
        yield
    finally:
        psycopg2.extensions.set_wait_callback(None)
