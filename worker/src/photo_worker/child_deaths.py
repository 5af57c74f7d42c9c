"""What the worker's parent writes down when one of its processes dies."""

import select
import time
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from photo_domain.failure import FailureCode
from photo_records.task_changes import TaskChange
from photo_records.task_claims import CrashVerdict, count_crash, end_timed_out, give_back
from photo_worker.change_publisher import TellChange
from photo_worker.claim_holder import ClaimHolder
from photo_worker.database_patience import waits_that_end
from photo_worker.outcome import Outcome, OutcomeKind

_log = structlog.get_logger(__name__)

_TRIES = 3
# In seconds, for all tries together: meanwhile the parent hands out no work.
_PATIENCE = 5.0
_PAUSE = 0.2
# In seconds: a healthy database takes a connection sooner.
_PROMPT = 1.0

AnswerT = TypeVar("AnswerT")


class ChildDeaths:
    """Ends or gives back the task of a process that died, and only of that process.

    Belongs to the thread that forks. Every write has a connection of its own, closed before it
    returns: a process forked later inherits none. What cannot be written is left to the lease.
    """

    def __init__(self, engine: Engine, holder: ClaimHolder, tell: TellChange) -> None:
        self._engine = engine
        self._holder = holder
        self._tell = tell

    def timed_out(self, task_id: UUID, pid: int) -> Outcome | None:
        """The process worked on the task for too long; None if it did not hold the task.

        A database that makes even the parent wait held up the process too: the photo is not to
        blame, and another run takes it up.
        """
        asked = time.monotonic()

        def end(connection: Connection) -> Outcome | None:
            if time.monotonic() - asked > _PROMPT:
                return self._give_back(connection, task_id, pid)
            if not end_timed_out(connection, task_id, self._name(pid)):
                return None
            return Outcome(OutcomeKind.FAILURE, failure=FailureCode.TIMEOUT)

        outcome = self._write(end)
        if outcome:
            self._tell(TaskChange(task_id))
            _log.warning("task_timed_out", pid=pid, result=str(outcome.kind))
        return outcome

    def stood_still(self, task_id: UUID, pid: int) -> Outcome | None:
        """The process was held still until its time was up; None if it did not hold the task.

        That says nothing about the photo: another run takes it up.
        """
        outcome = self._write(lambda connection: self._give_back(connection, task_id, pid))
        if outcome:
            self._tell(TaskChange(task_id))
            _log.warning("task_stood_still", pid=pid)
        return outcome

    def crashed(self, task_id: UUID, pid: int) -> Outcome | None:
        """The process died by itself while it had the task; None if it did not hold it."""
        verdict = self._write(lambda connection: count_crash(connection, task_id, self._name(pid)))
        if verdict is None:
            return None
        self._tell(TaskChange(task_id))
        _log.warning("task_crashed", pid=pid, verdict=str(verdict))
        if verdict is CrashVerdict.GIVEN_BACK:
            return Outcome(OutcomeKind.GIVEN_BACK)
        return Outcome(OutcomeKind.FAILURE, failure=FailureCode.CRASHED)

    def _give_back(self, connection: Connection, task_id: UUID, pid: int) -> Outcome | None:
        if not give_back(connection, task_id, self._name(pid)):
            return None
        return Outcome(OutcomeKind.GIVEN_BACK)

    def _name(self, pid: int) -> str:
        return self._holder.name_of(pid)

    def _write(self, statement: Callable[[Connection], AnswerT]) -> AnswerT | None:
        deadline = time.monotonic() + _PATIENCE
        with waits_that_end(deadline):
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
