"""`GET /api/task-status/`: polls by id."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from photo_domain.limits import MAX_POLLED_TASKS
from upload_gateway.adapters import adapters_of, viewer_of, watcher_of
from upload_gateway.entity_tag import KnownTags, entity_tag
from upload_gateway.json_response import json_response
from upload_gateway.long_poll import next_state
from upload_gateway.openapi_parts import header_parameter, problems, response_headers
from upload_gateway.prefer_header import MAX_WAIT_SECONDS, preferred_wait
from upload_gateway.problems import Problem
from upload_gateway.task_document import FailureDocument, TaskDocument

router = APIRouter()

# Kept by the one who asked alone, and asked for anew each time: that costs a 304.
_CACHING = "private, no-cache"
_POLL_AGAIN = "1"

_ANSWERED_WITH = response_headers(
    {
        "ETag": 'Of this state of the task, weak: `W/"3"`',
        "Cache-Control": _CACHING,
        "Retry-After": "In how many seconds to ask again; while the task is PENDING",
        "Preference-Applied": "`wait=N` where the answer waited for news, or would have",
    }
)


_TASK_IDS = {
    "in": "query",
    "name": "task_id",
    "required": True,
    "schema": {
        "type": "array",
        "items": {"type": "string"},
        "minItems": 1,
        "maxItems": MAX_POLLED_TASKS,
    },
    "description": "Whose status is asked for: ?task_id=…&task_id=…",
}


class UnknownTaskDocument(BaseModel):
    """An id that has no task; `error.code` is unknown_task."""

    task_id: str
    status: None
    error: FailureDocument


class TasksDocument(BaseModel):
    """The tasks in the order in which they were asked for, duplicates too."""

    tasks: list[TaskDocument | UnknownTaskDocument]


# Before the other one, whose address would match an id that is a line feed, too.
@router.get(
    "/api/task-status/{task_id}",
    response_model=TaskDocument,
    responses={
        200: {"headers": _ANSWERED_WITH},
        304: {
            "description": "The task stands as If-None-Match says",
            "headers": _ANSWERED_WITH,
        },
        **problems(
            {
                HTTPStatus.NOT_FOUND: "unknown_task",
                HTTPStatus.SERVICE_UNAVAILABLE: "database_unavailable, service_unavailable",
            }
        ),
    },
    openapi_extra={
        "parameters": [
            header_parameter("If-None-Match", "The ETag of an answer, or several", 'W/"3"'),
            header_parameter(
                "Prefer",
                f"`wait=N`: answer when the task changes, within N, at most {MAX_WAIT_SECONDS},"
                " seconds",
                "wait=20",
            ),
        ]
    },
)
async def task_status(request: Request, task_id: str) -> Response:
    """How one task stands, at once or as soon as it stands otherwise (RFC 7240)."""
    adapters = adapters_of(request)
    watcher = watcher_of(request)
    known = KnownTags(request.headers.getlist("if-none-match"))
    state = await adapters.status.get_task_state(task_id, watcher.viewer)
    wait = preferred_wait(request.headers.getlist("prefer"))
    if adapters.status.watch.is_full_for(watcher):
        wait = None
    is_known = known.include if known else state.revision.__eq__
    if wait and is_known(state.revision) and not (known.any or state.is_terminal):
        changes = adapters.status.watch.task(task_id, watcher, seconds=wait)
        state = await next_state(request, changes, state, is_known)
    headers = {"Cache-Control": _CACHING, "ETag": entity_tag(state.revision)}
    if wait is not None:
        headers["Preference-Applied"] = f"wait={wait}"
    if not state.is_terminal:
        # Who waits for an answer need not wait between two.
        headers["Retry-After"] = "0" if wait else _POLL_AGAIN
    if known.include(state.revision):
        return Response(status_code=HTTPStatus.NOT_MODIFIED.value, headers=headers)
    return json_response(state.document, headers=headers)


@router.get(
    "/api/task-status/",
    response_model=TasksDocument,
    responses=problems(
        {
            HTTPStatus.UNPROCESSABLE_ENTITY: "no_task_ids, too_many_task_ids",
            HTTPStatus.SERVICE_UNAVAILABLE: "database_unavailable, service_unavailable",
        }
    ),
    openapi_extra={"parameters": [_TASK_IDS]},
)
async def task_statuses(request: Request) -> Response:
    """How up to 100 tasks stand; what is no id of a task is reported in its place."""
    # By hand, for codes that say more than invalid_request.
    task_ids = request.query_params.getlist("task_id")
    if not 1 <= len(task_ids) <= MAX_POLLED_TASKS:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "too_many_task_ids" if task_ids else "no_task_ids",
            f"Ask for 1 to {MAX_POLLED_TASKS} tasks: ?task_id=…&task_id=…",
        )
    found = await adapters_of(request).status.get_tasks(task_ids, viewer_of(request))
    tasks = [found.get(each.lower()) or _unknown(each) for each in task_ids]
    return json_response({"tasks": tasks})


def _unknown(task_id: str) -> dict[str, Any]:
    message = "There is no task with this id."
    return {
        "task_id": task_id,
        "status": None,
        "error": {"code": "unknown_task", "message": message},
    }
