"""What the callers of the status service may ask about tasks and batches."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from photo_domain.errors import ErrorCode, FieldViolation, RequestError
from photo_domain.limits import MAX_POLLED_TASKS
from photo_domain.task_id import parse_task_id
from photo_domain.task_state import TaskStatus
from photo_records.database_errors import DATABASE_DOWN
from photo_records.task_reads import (
    StoredBatch,
    fetch_page,
    fetch_tasks,
    fetch_tasks_of_batch,
    find_batch,
)
from status_service.resume_points import page_token, parse_page_token
from status_service.viewer_rule import Viewer, ViewerRule

MAX_PAGE_SIZE = 100
_PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class TaskPage:
    """Rows of tasks, newest first, and the token of the next page; empty on the last."""

    rows: list[asyncpg.Record]
    next_page_token: str


class TaskQueries:
    """Reads tasks and batches on behalf of a viewer, as the rule allows.

    Every method raises RequestError: database_unavailable, and what it names.
    """

    def __init__(self, pool: asyncpg.Pool, rule: ViewerRule) -> None:
        self._pool = pool
        self._rule = rule

    async def get(self, task_id: str, viewer: Viewer) -> asyncpg.Record:
        """The row of one task. Raises RequestError: unknown_task."""
        rows, _unknown = await self.get_many([task_id], viewer)
        if not rows:
            raise RequestError(ErrorCode.UNKNOWN_TASK, "There is no task with this id.")
        return rows[0]

    async def get_many(
        self, task_ids: Sequence[str], viewer: Viewer
    ) -> tuple[list[asyncpg.Record], list[str]]:
        """The rows of the tasks that exist, and the ids that have none, each once.

        Raises RequestError: invalid_argument unless 1 to 100 ids.
        """
        if not 1 <= len(task_ids) <= MAX_POLLED_TASKS:
            violation = FieldViolation("task_ids", f"must hold 1 to {MAX_POLLED_TASKS} ids")
            detail = f"Ask for 1 to {MAX_POLLED_TASKS} tasks."
            raise RequestError(ErrorCode.INVALID_ARGUMENT, detail, [violation])
        asked: dict[str, UUID | None] = {text: parse_task_id(text) for text in task_ids}
        known = {task_id for task_id in asked.values() if task_id}
        owner = self._rule.owner_of_known(viewer)
        with stated_database_errors():
            rows = await fetch_tasks(self._pool, list(known), owner) if known else []
        found = {row["task_id"] for row in rows}
        return rows, [text for text, task_id in asked.items() if task_id not in found]

    async def list_page(
        self, viewer: Viewer, status: TaskStatus | None, page_size: int, token: str
    ) -> TaskPage:
        """The viewer's own tasks of that status, or all; a page of 50 if `page_size` is 0.

        Raises RequestError: invalid_argument.
        """
        if not 0 <= page_size <= MAX_PAGE_SIZE:
            violation = FieldViolation("page_size", f"must be 1 to {MAX_PAGE_SIZE}, or 0")
            detail = f"A page has 1 to {MAX_PAGE_SIZE} tasks."
            raise RequestError(ErrorCode.INVALID_ARGUMENT, detail, [violation])
        size = page_size or _PAGE_SIZE
        before = parse_page_token(token) if token else None
        owner = self._rule.owner_of_own(viewer)
        if not owner:
            return TaskPage([], "")
        with stated_database_errors():
            # One more than asked for tells whether there is another page.
            rows = await fetch_page(self._pool, owner, status, before, size + 1)
        page = rows[:size]
        return TaskPage(page, page_token(page[-1]["id"]) if len(rows) > size else "")

    async def batch(
        self, batch_id: str, viewer: Viewer
    ) -> tuple[StoredBatch, list[asyncpg.Record]]:
        """A batch and the rows of its tasks in the order of the upload.

        Raises RequestError: unknown_batch.
        """
        asked = parse_task_id(batch_id)
        with stated_database_errors():
            owner = self._rule.owner_of_known(viewer)
            batch = await find_batch(self._pool, asked, owner) if asked else None
            if batch is None:
                raise RequestError(ErrorCode.UNKNOWN_BATCH, "There is no batch with this id.")
            return batch, await fetch_tasks_of_batch(self._pool, batch.batch_id)


@contextmanager
def stated_database_errors() -> Iterator[None]:
    """State that the database is away as a refusal that the caller may read."""
    try:
        yield
    except DATABASE_DOWN as error:
        raise RequestError(
            ErrorCode.DATABASE_UNAVAILABLE, "The database does not answer; try again soon."
        ) from error
