"""Cancels tasks that have not ended."""

import asyncpg
import structlog

from ingest_service.asked_task import asked_task_id, known_task
from ingest_service.change_publisher import TellChange
from ingest_service.database_connection import connected_for_change
from ingest_service.viewer import Viewer
from photo_domain.errors import ErrorCode, RequestError
from photo_records.task_actions import WrongStatusError, cancel_task
from photo_records.task_changes import TaskChange

_log = structlog.get_logger(__name__)


class TaskCanceller:
    """Ends tasks; whoever works on one notices at the end of the run."""

    def __init__(self, pool: asyncpg.Pool, tell: TellChange) -> None:
        self._pool = pool
        self._tell = tell

    async def cancel(self, task_id: str, viewer: Viewer) -> None:
        """End a PENDING task in FAILURE `cancelled`.

        Raises RequestError: unknown_task, task_ended, database_unavailable, outcome_unknown.
        """
        asked = asked_task_id(task_id)
        try:
            async with connected_for_change(self._pool) as connection:
                with known_task():
                    await cancel_task(connection, asked, viewer.owner)
        except WrongStatusError as error:
            raise RequestError(
                ErrorCode.TASK_ENDED, f"The task has ended already, in {error.status}."
            ) from error
        self._tell(TaskChange(asked, owner=viewer.owner))
        _log.info("task_cancelled", task_id=str(asked), operator=viewer.operator)
