"""`POST /api/tasks/{task_id}/retry` and `DELETE /api/tasks/{task_id}`: for the owner only."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response

from upload_gateway.adapters import adapters_of
from upload_gateway.csrf import CSRF_HEADER, proven_caller
from upload_gateway.json_response import json_response
from upload_gateway.problems import ProblemDocument
from upload_gateway.task_document import TaskDocument

router = APIRouter()

_TOKEN_PARAMETER = {
    "in": "header",
    "name": CSRF_HEADER,
    "required": False,
    "schema": {"type": "string"},
    "description": "The token of GET /api/csrf, with its cookies; not with an API key",
}

_PROBLEMS = {
    HTTPStatus.FORBIDDEN: "csrf_failed, insufficient_scope",
    HTTPStatus.NOT_FOUND: "unknown_task",
    HTTPStatus.SERVICE_UNAVAILABLE: "database_unavailable, outcome_unknown",
}
_RETRY_PROBLEMS = {
    **_PROBLEMS,
    HTTPStatus.CONFLICT: "task_not_failed",
    HTTPStatus.SERVICE_UNAVAILABLE: "database_unavailable, outcome_unknown, service_unavailable",
}


def _responses(problems: dict[HTTPStatus, str]) -> dict[int | str, dict[str, Any]]:
    return {
        status.value: {"model": ProblemDocument, "description": codes}
        for status, codes in problems.items()
    }


@router.post(
    "/api/tasks/{task_id}/retry",
    status_code=HTTPStatus.ACCEPTED,
    response_model=TaskDocument,
    responses=_responses(_RETRY_PROBLEMS),
    openapi_extra={"parameters": [_TOKEN_PARAMETER]},
)
async def retry(request: Request, task_id: str) -> Response:
    """Process a photo anew whose task ended in FAILURE; how the task stands now."""
    adapters = adapters_of(request)
    owner = proven_caller(request).owner
    await adapters.ingest.retry_task(task_id, owner)
    task = await adapters.status.get_task(task_id, owner)
    return json_response(task, HTTPStatus.ACCEPTED)


@router.delete(
    "/api/tasks/{task_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=_responses(_PROBLEMS),
    openapi_extra={"parameters": [_TOKEN_PARAMETER]},
)
async def delete(request: Request, task_id: str) -> Response:
    """Delete a photo with everything that was made of it, in whatever state its task is."""
    adapters = adapters_of(request)
    owner = proven_caller(request).owner
    await adapters.ingest.delete_photo(task_id, owner)
    return Response(status_code=HTTPStatus.NO_CONTENT.value, headers={"Cache-Control": "no-store"})
