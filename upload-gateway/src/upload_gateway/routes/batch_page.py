"""`GET /api/batches/{batch_id}/page`: what became of an upload, for browsers without scripts."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from upload_gateway.adapters import adapters_of, viewer_of
from upload_gateway.language import choice_of_language
from upload_gateway.openapi_parts import LANGUAGE_CHOSEN, problems
from upload_gateway.web_page import web_page

router = APIRouter()

_REFRESH_SECONDS = 2


def batch_page_url(batch_id: str) -> str:
    """Where the page of a batch is."""
    return f"/api/batches/{batch_id}/page"


@router.get(
    "/api/batches/{batch_id}/page",
    response_class=Response,
    responses={
        200: {"content": {"text/html": {"schema": {"type": "string"}}}},
        **LANGUAGE_CHOSEN,
        **problems(
            {
                HTTPStatus.NOT_FOUND: "unknown_batch",
                HTTPStatus.SERVICE_UNAVAILABLE: "database_unavailable, service_unavailable",
            }
        ),
    },
)
async def batch_page(
    request: Request,
    batch_id: str,
    *,
    refresh: Annotated[bool, Query(description="Whether the page comes again by itself")] = True,
) -> Response:
    """A page that comes again by itself until every task of the batch has ended."""
    if chosen := choice_of_language(request):
        return chosen
    found = await adapters_of(request).status.get_batch(batch_id, viewer_of(request))
    return web_page(
        request, "batch.html", {**found, "refresh_seconds": _REFRESH_SECONDS if refresh else None}
    )
