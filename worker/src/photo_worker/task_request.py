"""Celery's request of a task in the parent, which sees how the task's process ended.

Source: https://docs.celeryq.dev/en/stable/userguide/tasks.html#requests-and-custom-requests.
"""

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

# Billiard reports the exit of a process that could still tell it as SystemExit.
_LOST = (WorkerLostError, SystemExit, KeyboardInterrupt)


def request_class(deaths: ChildDeaths) -> type[Request]:
    """A request that tells `deaths` of a hard time limit and of a process that died.

    The rows are written first, the message is answered afterwards: if the parent dies in between
    the message comes back and its claim decides.
    """

    class PhotoRequest(Request):
        def on_failure(self, exc_info: ExceptionInfo, *flags: Any, **named_flags: Any) -> None:
            exception = _exception_of(exc_info)
            outcome = None
            # A hard time limit comes here too, and only then to `on_timeout`.
            if isinstance(exception, TimeLimitExceeded):
                self._account_for(deaths.timed_out)
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
