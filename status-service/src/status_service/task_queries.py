"""What the callers of the status service may ask about tasks."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from photo_domain.errors import ErrorCode, FieldViolation, RequestError
from photo_domain.limits import MAX_POLLED_TASKS
from photo_domain.task_id import parse_task_id
from photo_records.database_errors import DATABASE_DOWN
from photo_records.task_reads import fetch_tasks


class TaskQueries:
    """Reads tasks. Whoever knows a task id may read that task: the id cannot be guessed."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def get(self, task_id: str) -> asyncpg.Record:
        """The row of one task. Raises RequestError: unknown_task, database_unavailable."""
        rows, _unknown = await self.get_many([task_id])
        if not rows:
            raise RequestError(ErrorCode.UNKNOWN_TASK, "There is no task with this id.")
        return rows[0]

    async def get_many(self, task_ids: Sequence[str]) -> tuple[list[asyncpg.Record], list[str]]:
        """The rows of the tasks that exist, and the ids that have none, each once.

        Raises RequestError: invalid_argument unless 1 to 100 ids, database_unavailable.
        """
        if not 1 <= len(task_ids) <= MAX_POLLED_TASKS:
            violation = FieldViolation("task_ids", f"must hold 1 to {MAX_POLLED_TASKS} ids")
            detail = f"Ask for 1 to {MAX_POLLED_TASKS} tasks."
            raise RequestError(ErrorCode.INVALID_ARGUMENT, detail, [violation])
        asked: dict[str, UUID | None] = {text: parse_task_id(text) for text in task_ids}
        known = {task_id for task_id in asked.values() if task_id}
        try:
            rows = await fetch_tasks(self._pool, list(known)) if known else []
        except DATABASE_DOWN as error:
            raise RequestError(
                ErrorCode.DATABASE_UNAVAILABLE, "The database does not answer; try again soon."
            ) from error
        found = {row["task_id"] for row in rows}
        return rows, [text for text, task_id in asked.items() if task_id not in found]
