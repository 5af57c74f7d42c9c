"""`GET /api/batches/{batch_id}/page`: what became of an upload, for browsers without scripts."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from upload_gateway.adapters import adapters_of, viewer_of
from upload_gateway.openapi_parts import problems
from upload_gateway.web_page import web_page

router = APIRouter()


def batch_page_url(batch_id: str) -> str:
    """Where the page of a batch is."""
    return f"/api/batches/{batch_id}/page"


@router.get(
    "/api/batches/{batch_id}/page",
    response_class=Response,
    responses={
        200: {"content": {"text/html": {"schema": {"type": "string"}}}},
        **problems(
            {
                HTTPStatus.NOT_FOUND: "unknown_batch",
                HTTPStatus.SERVICE_UNAVAILABLE: "database_unavailable, service_unavailable",
            }
        ),
    },
)
async def batch_page(request: Request, batch_id: str) -> Response:
    """A page that comes again by itself until every task of the batch has ended."""
    found = await adapters_of(request).status.get_batch(batch_id, viewer_of(request))
    return web_page("batch.html", found)
