"""Celery's request of a task in the parent, which sees how the task's process ended.

Source: https://docs.celeryq.dev/en/stable/userguide/tasks.html#requests-and-custom-requests.
"""

import math
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import structlog
from billiard.einfo import ExceptionInfo
from celery.exceptions import TimeLimitExceeded, WorkerLostError
from celery.worker import state
from celery.worker.request import Request

from photo_domain.task_id import parse_task_id
from photo_worker import task_metrics
from photo_worker.child_deaths import ChildDeaths
from photo_worker.outcome import Outcome, OutcomeKind
from photo_worker.process_state import stands_still

# Billiard reports the exit of a process that could still tell it as SystemExit.
_LOST = (WorkerLostError, SystemExit, KeyboardInterrupt)

# In seconds: a parent that notices a time limit that much later stood still itself, and its
# processes most likely with it, as in a container that was paused.
_LATE = 6.0


def request_class(deaths: ChildDeaths) -> type[Request]:
    """A request that tells `deaths` of a hard time limit and of a process that died.

    The rows are written first, the message is answered afterwards: if the parent dies in between
    the message comes back and its claim decides.
    """

    class PhotoRequest(Request):
        _accepted_at = math.inf
        _is_given_back = False

        def on_accepted(self, pid: Any, time_accepted: float) -> None:
            self._accepted_at = time.monotonic()
            super().on_accepted(pid, time_accepted)

        def on_failure(self, exc_info: ExceptionInfo, *flags: Any, **named_flags: Any) -> None:
            exception = _exception_of(exc_info)
            outcome = None
            # A hard time limit comes here too, then to `on_timeout`; the process is killed last.
            if isinstance(exception, TimeLimitExceeded):
                still = self._spent_its_time_still(exception)
                end = self._account_for(deaths.stood_still if still else deaths.timed_out)
                if end is None or end.kind is OutcomeKind.GIVEN_BACK:
                    # As for a process that was lost: Celery stores nothing, the message comes back.
                    # Where the row could not be written, its claim decides what that is worth.
                    self._is_given_back = True
                    state.task_ready(self)
                    self.reject(requeue=True)
                    return
            # A worker that shuts down ends its processes itself, or someone ends them all.
            elif isinstance(exception, _LOST) and not _is_stopping():
                outcome = self._account_for(deaths.crashed)
            ended = outcome is not None and outcome.kind is OutcomeKind.FAILURE
            if ended:
                # Otherwise the message would come back, to be refused.
                self.acknowledge()
            super().on_failure(exc_info, *flags, **named_flags)
            if ended:
                # Celery takes it for a message that comes back, and stores nothing.
                self.task.backend.mark_as_failure(self.id, exception)

        def on_timeout(self, soft: bool, timeout: float) -> None:  # noqa: FBT001 - Celery's own
            if not self._is_given_back:
                super().on_timeout(soft, timeout)

        def _spent_its_time_still(self, exception: TimeLimitExceeded) -> bool:
            (limit,) = exception.args
            is_late = time.monotonic() > self._accepted_at + limit + _LATE
            return is_late or (self.worker_pid is not None and stands_still(int(self.worker_pid)))

        def _account_for(self, death: Callable[[UUID, int], Outcome | None]) -> Outcome | None:
            task_id, pid = parse_task_id(self.id), self.worker_pid
            if task_id is None or pid is None:
                return None
            with structlog.contextvars.bound_contextvars(task_id=str(task_id)):
                outcome = death(task_id, int(pid))
            if outcome:
                task_metrics.record(outcome)
            return outcome

    return PhotoRequest


def _exception_of(exc_info: ExceptionInfo) -> Any:
    # Billiard wraps what was raised together with its traceback.
    exception = exc_info.exception
    return getattr(exception, "exc", exception)


def _is_stopping() -> bool:
    return any(
        flag is not None and flag is not False
        for flag in (state.should_stop, state.should_terminate)
    )
