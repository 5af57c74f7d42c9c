"""`GET /api/tasks`: the caller's own tasks."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from photo_domain.task_state import TaskStatus
from upload_gateway.adapters import adapters_of, viewer_of
from upload_gateway.json_response import json_response
from upload_gateway.openapi_parts import problems, response_headers
from upload_gateway.task_document import TaskDocument

router = APIRouter()

_PATH = "/api/tasks"
_PAGE = 50
_LONGEST_PAGE = 100
_MAX_CURSOR_CHARACTERS = 256


class PageDocument(BaseModel):
    """A page of tasks, newest first."""

    tasks: list[TaskDocument]
    next: str | None = Field(
        description="Where the next page is; null on the last",
        examples=["/api/tasks?limit=50&cursor=MTIz"],
    )


@router.get(
    _PATH,
    response_model=PageDocument,
    responses={
        200: {
            "headers": response_headers({"Link": '`<…>; rel="next"` (RFC 8288), but on the last'})
        },
        **problems(
            {
                HTTPStatus.NOT_FOUND: "unknown_cursor",
                HTTPStatus.UNPROCESSABLE_ENTITY: "invalid_request",
                HTTPStatus.SERVICE_UNAVAILABLE: "database_unavailable, service_unavailable",
            }
        ),
    },
)
async def tasks(
    request: Request,
    status: Annotated[TaskStatus | None, Query(description="Only tasks that stand so")] = None,
    cursor: Annotated[str, Query(description="Of `next`", max_length=_MAX_CURSOR_CHARACTERS)] = "",
    limit: Annotated[int, Query(description="Tasks a page", ge=1, le=_LONGEST_PAGE)] = _PAGE,
) -> Response:
    """The caller's own tasks, newest first."""
    found, next_cursor = await adapters_of(request).status.list_tasks(
        viewer_of(request), status, cursor, limit
    )
    if not next_cursor:
        return json_response({"tasks": found, "next": None})
    query = {"limit": limit, "cursor": next_cursor} | ({"status": status.value} if status else {})
    following = f"{_PATH}?{urlencode(query)}"
    return json_response(
        {"tasks": found, "next": following}, headers={"Link": f'<{following}>; rel="next"'}
    )
