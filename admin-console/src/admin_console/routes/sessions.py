"""`/admin/sessions/`: who is signed in. Superusers may end every session."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from admin_console.acting import acting
from admin_console.audit_log import record_act
from admin_console.console import console_of
from admin_console.pages import page
from admin_console.session_cookie import token_in
from admin_console.sessions import end_session, hash_of

_PATH = "/admin/sessions/"


async def show_sessions(request: Request) -> Response:
    """Everybody's."""
    sessions = await console_of(request).sessions.open_sessions()
    return await page(
        request, "sessions.html", sessions=sessions, own=hash_of(token_in(request)).hex()
    )


@acting
async def end_one(request: Request) -> Response:
    """End one session, whosever it is."""
    try:
        token_hash = bytes.fromhex(request.path_params["token_hash"])
    except ValueError:
        raise HTTPException(HTTPStatus.NOT_FOUND) from None
    async with console_of(request).pool.acquire() as connection, connection.transaction():
        name = await end_session(connection, token_hash)
        if name is not None:
            await record_act(connection, request, "end_session", name)
    return RedirectResponse(_PATH, HTTPStatus.SEE_OTHER.value)


routes = [
    Route(_PATH, show_sessions, methods=["GET"]),
    Route(_PATH + "{token_hash}/end", end_one, methods=["POST"]),
]
