"""`/admin/login` and `/admin/logout`."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from admin_console.acting import signed_form
from admin_console.audit_log import record_act
from admin_console.console import console_of
from admin_console.csrf import (
    FIELD,
    LOGIN_PATH,
    is_login_form,
    keep_login_secret,
    login_secret,
    login_token,
)
from admin_console.forms import read_form
from admin_console.login_throttle import Throttled
from admin_console.operators import operator_of
from admin_console.pages import page
from admin_console.passwords import PasswordsBusyError
from admin_console.request_address import address_of
from admin_console.session_cookie import forget_token, keep_token, token_in
from admin_console.session_guard import find_session, next_page
from admin_console.sessions import end_session, end_sessions, hash_of
from admin_console.sign_in import SignInRequest, sign_in


async def show_login(request: Request) -> Response:
    """The form; whoever is signed in goes on to the page they wanted."""
    wanted = next_page(request.query_params.get("next", ""))
    if await find_session(request) is not None:
        return RedirectResponse(wanted, HTTPStatus.SEE_OTHER.value)
    return await _login_page(request, wanted)


async def send_login(request: Request) -> Response:
    """Sign in."""
    form = await read_form(request)
    wanted = next_page(form.get("next", ""))
    if not is_login_form(request, form.get(FIELD)):
        problem = "The form was too old, or your browser keeps no cookies. Please try again."
        return await _login_page(request, wanted, problem, HTTPStatus.FORBIDDEN)
    asked = SignInRequest(
        name=form.get("name", ""),
        password=form.get("password", ""),
        address=address_of(request),
        user_agent=request.headers.get("user-agent", ""),
        old_token=token_in(request),
    )
    try:
        result = await sign_in(console_of(request), asked)
    except PasswordsBusyError:
        problem = "Too many people sign in at once. Try again in a moment."
        return await _login_page(request, wanted, problem, HTTPStatus.SERVICE_UNAVAILABLE)
    if isinstance(result, Throttled):
        minutes = -(-result.seconds // 60)
        problem = f"Too many wrong passwords. Try again in {minutes} min."
        response = await _login_page(request, wanted, problem, HTTPStatus.TOO_MANY_REQUESTS)
        response.headers["Retry-After"] = str(result.seconds)
        return response
    if not isinstance(result, str):
        problem = "The name or the password is wrong."
        return await _login_page(request, wanted, problem, HTTPStatus.UNPROCESSABLE_ENTITY)
    response = RedirectResponse(wanted, HTTPStatus.SEE_OTHER.value)
    keep_token(request, response, result)
    return response


@signed_form
async def logout(request: Request) -> Response:
    """End this session."""
    async with console_of(request).pool.acquire() as connection, connection.transaction():
        await end_session(connection, hash_of(token_in(request)))
        await record_act(connection, request, "logout")
    return _to_login(request)


@signed_form
async def logout_everywhere(request: Request) -> Response:
    """End every session of the operator who asks."""
    async with console_of(request).pool.acquire() as connection, connection.transaction():
        ended = await end_sessions(connection, operator_of(request).id)
        await record_act(connection, request, "logout_everywhere", details={"sessions": ended})
    return _to_login(request)


def _to_login(request: Request) -> Response:
    response = RedirectResponse(LOGIN_PATH, HTTPStatus.SEE_OTHER.value)
    forget_token(request, response)
    return response


async def _login_page(
    request: Request, wanted: str, problem: str = "", status: HTTPStatus = HTTPStatus.OK
) -> Response:
    secret = login_secret(request)
    response = await page(
        request,
        "login.html",
        status=status,
        problem=problem,
        next=wanted,
        login_token=login_token(secret),
    )
    keep_login_secret(request, response, secret)
    return response


routes = [
    Route(LOGIN_PATH, show_login, methods=["GET"]),
    Route(LOGIN_PATH, send_login, methods=["POST"]),
    Route("/admin/logout", logout, methods=["POST"]),
    Route("/admin/logout-everywhere", logout_everywhere, methods=["POST"]),
]
