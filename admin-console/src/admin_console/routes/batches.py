"""`/admin/batches/`: every upload, and what became of one."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from admin_console.console import console_of
from admin_console.notices import notice_of
from admin_console.pages import page
from admin_console.photo_query import PhotoQuery, read_photo_query, read_uuid
from photo_records.batch_search import BatchFilter, BatchPage, batch_story, search_batches

BATCHES = "/admin/batches/"
_PAGE_ROWS = 50
_FIELDS = ("owner", "from", "until", "batch_id")


async def show_batches(request: Request) -> Response:
    """A page of the batches that the query names, newest first."""
    query = _query(request.query_params)
    found = BatchPage((), None)
    if not query.errors:
        wanted = BatchFilter(
            batch_id=query.wanted.batch_id,
            owner=query.wanted.owner,
            from_time=query.wanted.from_time,
            until_time=query.wanted.until_time,
        )
        after = request.query_params.get("after")
        async with console_of(request).engine.connect() as connection:
            found = await search_batches(connection, wanted, after or None, _PAGE_ROWS)
    return await page(
        request,
        "batches.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if query.errors else HTTPStatus.OK,
        query=query,
        found=found,
        is_first_page="after" not in request.query_params,
    )


async def show_batch(request: Request) -> Response:
    """A batch with its photos and refused files."""
    try:
        batch_id = read_uuid(request.path_params["batch_id"])
    except ValueError:
        raise HTTPException(HTTPStatus.NOT_FOUND) from None
    async with console_of(request).engine.connect() as connection:
        story = await batch_story(connection, batch_id)
    if story is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such batch, or it is gone.")
    return await page(
        request, "batch.html", story=story, notice=notice_of(request), back=f"{BATCHES}{batch_id}"
    )


def _query(given: Mapping[str, str]) -> PhotoQuery:
    return read_photo_query({name: given[name] for name in _FIELDS if name in given})


routes = [
    Route(BATCHES, show_batches, methods=["GET"]),
    Route(BATCHES + "{batch_id}", show_batch, methods=["GET"]),
]
