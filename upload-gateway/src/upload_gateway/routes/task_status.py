"""`GET /api/task-status/`: polls by id."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from photo_domain.limits import MAX_POLLED_TASKS
from upload_gateway.adapters import adapters_of, viewer_of
from upload_gateway.json_response import json_response
from upload_gateway.problems import Problem, ProblemDocument
from upload_gateway.task_document import FailureDocument, TaskDocument

router = APIRouter()

_POLL_AGAIN = {"Retry-After": "1"}


class UnknownTaskDocument(BaseModel):
    """An id that has no task; `error.code` is unknown_task."""

    task_id: str
    status: None
    error: FailureDocument


class TasksDocument(BaseModel):
    """The tasks in the order in which they were asked for, duplicates too."""

    tasks: list[TaskDocument | UnknownTaskDocument]


@router.get(
    "/api/task-status/",
    response_model=TasksDocument,
    responses={
        422: {"model": ProblemDocument, "description": "no_task_ids, too_many_task_ids"},
        503: {"model": ProblemDocument, "description": "database_unavailable, service_unavailable"},
    },
)
async def task_statuses(
    request: Request,
    task_id: Annotated[list[str] | None, Query(description="1 to 100 task ids")] = None,
) -> Response:
    """How up to 100 tasks stand; what is no id of a task is reported in its place."""
    if not task_id or len(task_id) > MAX_POLLED_TASKS:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "too_many_task_ids" if task_id else "no_task_ids",
            f"Ask for 1 to {MAX_POLLED_TASKS} tasks: ?task_id=…&task_id=…",
        )
    found = await adapters_of(request).status.get_tasks(task_id, viewer_of(request))
    tasks = [found.get(each.lower()) or _unknown(each) for each in task_id]
    return json_response({"tasks": tasks})


@router.get(
    "/api/task-status/{task_id}",
    response_model=TaskDocument,
    responses={
        404: {"model": ProblemDocument, "description": "unknown_task"},
        503: {"model": ProblemDocument, "description": "database_unavailable, service_unavailable"},
    },
)
async def task_status(request: Request, task_id: str) -> Response:
    """How one task stands."""
    task = await adapters_of(request).status.get_task(task_id, viewer_of(request))
    return json_response(task, headers=_POLL_AGAIN if task["status"] == "PENDING" else None)


def _unknown(task_id: str) -> dict[str, Any]:
    message = "There is no task with this id."
    return {
        "task_id": task_id,
        "status": None,
        "error": {"code": "unknown_task", "message": message},
    }
