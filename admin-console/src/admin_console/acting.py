"""What a route that changes something passes first."""

from collections.abc import Awaitable, Callable
from functools import wraps
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from admin_console.audit_log import record_act
from admin_console.console import console_of
from admin_console.csrf import FIELD, comes_from_us, is_token
from admin_console.forms import read_form
from admin_console.operators import operator_of
from admin_console.pages import refusal
from admin_console.sessions import session_of

Endpoint = Callable[[Request], Awaitable[Response]]


def signed_form(endpoint: Endpoint) -> Endpoint:
    """A POST route for everybody who is signed in: the form carries the token of the session.

    The endpoint gets the form by `form_of`. Refused with 403 without the token.
    """

    @wraps(endpoint)
    async def checked(request: Request) -> Response:
        form = await read_form(request)
        session = session_of(request)
        if (
            session is None
            or not comes_from_us(request)
            or not is_token(form.get(FIELD), session.csrf_token)
        ):
            return await refusal(
                request,
                HTTPStatus.FORBIDDEN,
                "This form is not from a page of your session: go back, load the page again and"
                " repeat what you did.",
            )
        return await endpoint(request)

    return checked


def acting(endpoint: Endpoint) -> Endpoint:
    """A POST route for superusers: `signed_form`, and 403 for viewers, which is written down."""

    @wraps(endpoint)
    async def permitted(request: Request) -> Response:
        if operator_of(request).may_act:
            return await endpoint(request)
        async with console_of(request).pool.acquire() as connection:
            await record_act(connection, request, "refused", request.url.path)
        return await refusal(
            request, HTTPStatus.FORBIDDEN, "You may look at everything, but change nothing."
        )

    return signed_form(permitted)
