"""The Celery task: translates between Celery and the use case."""

import os
import signal
from collections.abc import Callable
from typing import Any
from uuid import UUID

import structlog
from celery import Celery, Task
from celery.exceptions import Ignore, Reject
from celery.worker.request import Request

from photo_domain.task_id import parse_task_id
from photo_records.task_queue import TASK_NAME
from photo_worker import task_metrics
from photo_worker.image_handler import DatabaseUnavailableError, ImageHandler
from photo_worker.outcome import Outcome
from service_kit.tracing import TRACEPARENT, Span, SpanKind, traced

_log = structlog.get_logger(__name__)

# Message headers that follow an upload through every service.
_CONTEXT_HEADERS = ("request_id", "batch_id")


def register_image_handler(
    app: Celery, handler_of_process: Callable[[], ImageHandler], request: type[Request]
) -> None:
    """Give `app` the task `image_handler(task_id)`.

    The callable runs in the pool's children, `request` in their parent.
    """

    @app.task(name=TASK_NAME, bind=True, Request=request)
    def image_handler(task: Task[Any, Any], task_id: str) -> dict[str, object]:
        """Process the photo; Celery's result is kept for those who ask Celery itself."""
        with structlog.contextvars.bound_contextvars(task_id=task_id, **_context_of(task)):
            photo_task_id = parse_task_id(task_id)
            if photo_task_id is None:
                _log.error("task_id_malformed")
                raise Ignore
            parent = _header(task, TRACEPARENT)
            with traced(TASK_NAME, SpanKind.CONSUMER, parent=parent) as span:
                span.note(messaging__system="redis", photo__task_id=task_id)
                outcome = _handle(handler_of_process(), photo_task_id)
                _tell(span, outcome)
            return _answer(outcome)


def _handle(handler: ImageHandler, task_id: UUID) -> Outcome:
    try:
        outcome = handler.handle(task_id)
    except DatabaseUnavailableError as error:
        # Nothing was claimed: the message goes back to the end of its queue.
        raise Reject(error, requeue=True) from error
    except MemoryError:
        # What its decoders left behind is in no state to go on with. The parent counts a crash.
        try:
            _log.error("memory_ran_out")
        finally:
            # There may be no memory even for the log.
            os.kill(os.getpid(), signal.SIGKILL)
        raise
    task_metrics.record(outcome)
    return outcome


def _answer(outcome: Outcome) -> dict[str, object]:
    if outcome.result:
        return {
            "photo_id": outcome.photo_id,
            "random_number": outcome.result.random_number,
            "processing_time": outcome.result.processing_time,
        }
    if outcome.failure:
        return {"photo_id": outcome.photo_id, "error": str(outcome.failure)}
    # This delivery ended nothing: an earlier result in Celery must stay.
    raise Ignore


def _tell(span: Span, outcome: Outcome) -> None:
    span.note(photo__outcome=str(outcome.kind))
    if outcome.attempt:
        span.note(photo__attempt=outcome.attempt)
    span.conclude(str(outcome.failure) if outcome.failure else None)


def _context_of(task: Task[Any, Any]) -> dict[str, str]:
    found = {name: _header(task, name) for name in _CONTEXT_HEADERS}
    return {name: value for name, value in found.items() if value is not None}


def _header(task: Task[Any, Any], name: str) -> str | None:
    value = getattr(task.request, name, None)
    return value if isinstance(value, str) else None
