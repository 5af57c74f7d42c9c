"""Nobody reaches a page of the console without a session."""

from http import HTTPStatus
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from admin_console.console import console_of
from admin_console.csrf import LOGIN_PATH
from admin_console.error_pages import database_down
from admin_console.navigation import HOME
from admin_console.pages import refusal
from admin_console.session_cookie import token_in
from admin_console.sessions import Session
from admin_console.static_files import STATIC_PATH
from photo_records.database_errors import DATABASE_DOWN

# The probes, and what only leads to the console.
_OPEN = ("/livez", "/readyz", "/", "/admin", LOGIN_PATH)
_MAX_NEXT = 2_000


class SessionGuard:
    """ASGI middleware: leaves the session and its operator in the request's state."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or _is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            session = await find_session(request)
        except DATABASE_DOWN as error:
            response = await database_down(request, error)
            await response(scope, receive, send)
            return
        if session is None:
            answer = await _ask_to_sign_in(request)
            await answer(scope, receive, send)
            return
        request.state.session = session
        request.state.operator = session.operator
        await self._app(scope, receive, send)


async def find_session(request: Request) -> Session | None:
    """The session whose cookie came with the request."""
    token = token_in(request)
    if not token:
        return None
    # Pictures and what scripts fetch by themselves keep nobody signed in; programs that tell
    # nothing are taken for people.
    is_use = request.headers.get("sec-fetch-mode", "navigate") == "navigate"
    return await console_of(request).sessions.find(token, is_use=is_use)


def page_asked(request: Request) -> str:
    """The address of the page that is asked for, as `next_page` takes it: path and query."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def next_page(address: str) -> str:
    """Where to go after signing in: `address` if it is a page of the console, else its first."""
    # Browsers take a backslash for a slash, and drop line ends.
    is_plain = len(address) <= _MAX_NEXT and address.isprintable() and "\\" not in address
    return address if is_plain and address.startswith(HOME) else HOME


def _is_open(path: str) -> bool:
    return path in _OPEN or path.startswith(STATIC_PATH)


async def _ask_to_sign_in(request: Request) -> Response:
    if request.method not in {"GET", "HEAD"}:
        return await refusal(
            request,
            HTTPStatus.FORBIDDEN,
            "You are not signed in any more: nothing was done. Sign in and repeat it.",
        )
    address = page_asked(request)
    target = f"{LOGIN_PATH}?next={quote(address, safe='/')}" if address != HOME else LOGIN_PATH
    return RedirectResponse(target, HTTPStatus.SEE_OTHER.value)
