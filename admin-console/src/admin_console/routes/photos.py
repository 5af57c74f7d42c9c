"""`/admin/photos/`: every photo, the story of one, and their pictures."""

from http import HTTPStatus
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from admin_console.audit_reads import lines_about
from admin_console.console import console_of
from admin_console.notices import notice_of, without_notice
from admin_console.operators import operator_of
from admin_console.pages import page
from admin_console.photo_query import read_photo_query, read_uuid
from admin_console.session_guard import page_asked
from admin_console.status_client import StatusUnavailableError
from photo_domain.errors import ErrorCode, RequestError
from photo_domain.failure import FailureCode
from photo_domain.file_format import FileFormat
from photo_domain.task_state import TaskStatus
from photo_records.batch_search import batch_story
from photo_records.photo_filter import PhotoFilter
from photo_records.photo_search import PhotoPage, search_photos
from photo_records.photo_story import photo_story
from photo_records.task_queue import Lane

PHOTOS = "/admin/photos/"
_PAGE_ROWS = 50
_AUDIT_LINES = 50
# What a browser may show. Whatever the uploader named a file, nothing else is ever shown.
_PICTURE_TYPES = ("image/webp", "image/avif", "image/jpeg")


async def show_photos(request: Request) -> Response:
    """A page of the photos that the query names, newest first."""
    query = read_photo_query(request.query_params)
    found = PhotoPage((), None)
    if not query.errors:
        after = request.query_params.get("after")
        async with console_of(request).engine.connect() as connection:
            found = await search_photos(connection, query.wanted, after or None, _PAGE_ROWS)
    return await page(
        request,
        "photos.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if query.errors else HTTPStatus.OK,
        query=query,
        found=found,
        statuses=list(TaskStatus),
        failure_codes=list(FailureCode),
        formats=list(FileFormat),
        lanes=list(Lane),
        is_first_page="after" not in request.query_params,
        notice=notice_of(request),
        back=without_notice(page_asked(request)),
    )


async def show_photo(request: Request) -> Response:
    """All that is known of one photo; of one that is gone, what operators did to it."""
    console = console_of(request)
    task_id = _task_id(request)
    async with console.engine.connect() as connection:
        story = await photo_story(connection, task_id)
    lines = await lines_about(console.pool, str(task_id), _AUDIT_LINES)
    if story is None:
        return await page(
            request,
            "photo_gone.html",
            status=HTTPStatus.NOT_FOUND,
            task_id=task_id,
            lines=lines,
            notice=notice_of(request),
        )
    return await page(
        request,
        "photo.html",
        story=story,
        photo=story.photo,
        lines=lines,
        notice=notice_of(request),
        back=without_notice(page_asked(request)),
    )


async def send_rendition(request: Request) -> Response:
    """The bytes of a rendition, through the status service; never an original."""
    status = console_of(request).status
    try:
        opened = await status.open_rendition(
            str(_task_id(request)), request.path_params["name"], operator_of(request).name
        )
    except RequestError as error:
        gone = error.code in {ErrorCode.UNKNOWN_TASK, ErrorCode.UNKNOWN_OBJECT}
        raise HTTPException(
            HTTPStatus.NOT_FOUND if gone else HTTPStatus.SERVICE_UNAVAILABLE
        ) from None
    except StatusUnavailableError:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE) from None
    shown = opened.content_type in _PICTURE_TYPES
    return StreamingResponse(
        opened.chunks,
        media_type=opened.content_type if shown else "application/octet-stream",
        headers={
            "Content-Length": str(opened.size),
            **({} if shown else {"Content-Disposition": "attachment"}),
        },
    )


async def find(request: Request) -> Response:
    """Go to the photo or batch of an id, or to the photos of a digest."""
    text = request.query_params.get("id", "").strip()
    for name in ("photo_id", "sha256"):
        query = read_photo_query({name: text})
        if query.fields:
            return RedirectResponse(f"{PHOTOS}?{query.query_string()}", HTTPStatus.SEE_OTHER.value)
    try:
        sought = read_uuid(text)
    except ValueError:
        raise HTTPException(
            HTTPStatus.NOT_FOUND, "That is neither the id of a task, batch or photo nor a SHA-256."
        ) from None
    async with console_of(request).engine.connect() as connection:
        found = await search_photos(connection, PhotoFilter(task_id=sought), None, 1)
    if found.rows:
        return RedirectResponse(f"{PHOTOS}{sought}", HTTPStatus.SEE_OTHER.value)
    async with console_of(request).engine.connect() as connection:
        batch = await batch_story(connection, sought)
    # What is gone is told there, with what operators did to it.
    place = f"/admin/batches/{sought}" if batch else f"{PHOTOS}{sought}"
    return RedirectResponse(place, HTTPStatus.SEE_OTHER.value)


def _task_id(request: Request) -> UUID:
    try:
        return read_uuid(request.path_params["task_id"])
    except ValueError:
        raise HTTPException(HTTPStatus.NOT_FOUND) from None


routes = [
    Route(PHOTOS, show_photos, methods=["GET"]),
    Route("/admin/find", find, methods=["GET"]),
    Route(PHOTOS + "{task_id}", show_photo, methods=["GET"]),
    Route(PHOTOS + "{task_id}/renditions/{name}", send_rendition, methods=["GET"]),
]
