"""`GET /api/batches/{batch_id}`: what became of an upload."""

from datetime import datetime
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from photo_domain.task_state import TaskStatus
from upload_gateway.adapters import adapters_of, viewer_of
from upload_gateway.json_response import json_response
from upload_gateway.openapi_parts import problems, response_headers
from upload_gateway.routes.upload import RejectedDocument
from upload_gateway.task_document import TaskDocument

router = APIRouter()

_POLL_AGAIN = "1"


class BatchDocument(BaseModel):
    """An upload: how many of its tasks stand how, the tasks, and the files that were refused.

    Photos that were deleted are not among its tasks.
    """

    batch_id: str
    created_at: datetime
    totals: dict[TaskStatus, int]
    tasks: list[TaskDocument]
    rejected: list[RejectedDocument]


@router.get(
    "/api/batches/{batch_id}",
    response_model=BatchDocument,
    responses={
        200: {
            "headers": response_headers(
                {"Retry-After": "In how many seconds to ask again; while a task is PENDING"}
            )
        },
        **problems(
            {
                HTTPStatus.NOT_FOUND: "unknown_batch",
                HTTPStatus.SERVICE_UNAVAILABLE: "database_unavailable, service_unavailable",
            }
        ),
    },
)
async def batch(request: Request, batch_id: str) -> Response:
    """A batch with its tasks in the order of the upload and what was refused of it."""
    found = await adapters_of(request).status.get_batch(batch_id, viewer_of(request))
    is_pending = found["totals"][TaskStatus.PENDING]
    return json_response(found, headers={"Retry-After": _POLL_AGAIN} if is_pending else None)
