"""`POST /admin/lanes/{lane}/pause` and `…/resume`."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from admin_console.acting import acting
from admin_console.audit_log import record_act
from admin_console.console import console_of
from admin_console.navigation import HOME
from admin_console.notices import address_after_one
from admin_console.operators import operator_of
from photo_domain.errors import ErrorCode, RequestError
from photo_records.task_queue import Lane


@acting
async def pause(request: Request) -> Response:
    """Publish nothing of the lane until it is resumed."""
    return await _change(request, "pause_lane", console_of(request).ingest.pause_lane)


@acting
async def resume(request: Request) -> Response:
    """Publish what waits in the lane."""
    return await _change(request, "resume_lane", console_of(request).ingest.resume_lane)


async def _change(
    request: Request, action: str, change: Callable[[Lane, str], Awaitable[None]]
) -> Response:
    text = request.path_params["lane"]
    if text not in set(Lane):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    await _record(request, action, text, None)
    refusal: ErrorCode | None = None
    try:
        await change(Lane(text), operator_of(request).name)
    except RequestError as error:
        refusal = error.code
        await _record(request, action, text, refusal)
    console_of(request).standing.backlogs.forget()
    return RedirectResponse(address_after_one(HOME, refusal), HTTPStatus.SEE_OTHER.value)


async def _record(request: Request, action: str, lane: str, refusal: ErrorCode | None) -> None:
    details = {"refused": refusal} if refusal else {}
    async with console_of(request).pool.acquire() as connection:
        await record_act(connection, request, action, lane, details)


routes = [
    Route("/admin/lanes/{lane}/pause", pause, methods=["POST"]),
    Route("/admin/lanes/{lane}/resume", resume, methods=["POST"]),
]
