"""Retries failed tasks."""

from dataclasses import replace

import asyncpg
import structlog

from ingest_service.asked_task import asked_task_id, known_task
from ingest_service.change_publisher import TellChange
from ingest_service.database_connection import connected_for_change
from ingest_service.task_publisher import TaskMessage, TaskPublisher
from ingest_service.viewer import Viewer
from photo_domain.errors import ErrorCode, RequestError
from photo_records.task_actions import WrongStatusError, retry_task
from photo_records.task_changes import TaskChange
from service_kit.tracing import link_to, traceparent

_log = structlog.get_logger(__name__)


class TaskRetrier:
    """Begins new runs: the row first, then the answer, then the message."""

    def __init__(self, pool: asyncpg.Pool, publisher: TaskPublisher, tell: TellChange) -> None:
        self._pool = pool
        self._publisher = publisher
        self._tell = tell

    async def retry(self, task_id: str, viewer: Viewer, request_id: str) -> None:
        """Bring a task from FAILURE back to PENDING.

        Raises RequestError: unknown_task, task_not_failed, database_unavailable, outcome_unknown.
        """
        asked = asked_task_id(task_id)
        own_trace = traceparent()
        try:
            async with connected_for_change(self._pool) as connection:
                with known_task():
                    task = await retry_task(connection, asked, viewer.owner, own_trace)
        except WrongStatusError as error:
            raise RequestError(
                ErrorCode.TASK_NOT_FAILED,
                f"Only a task that failed can be retried; this one is {error.status}.",
            ) from error
        # Should it be lost, the relay publishes it.
        message = TaskMessage(asked, task.lane, str(task.batch_id), request_id, task.traceparent)
        if task.traceparent != own_trace:
            # The run belongs to the upload's trace; the two point to one another.
            link_to(task.traceparent)
            message = replace(message, link=own_trace)
        self._publisher.send([message])
        self._tell(TaskChange(asked, task.batch_id, viewer.owner))
        _log.info("task_retried", task_id=str(asked), operator=viewer.operator)
