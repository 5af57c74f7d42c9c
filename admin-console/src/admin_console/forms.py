"""The forms of the console, as browsers send them: small, and never for long."""

import asyncio
from http import HTTPStatus
from typing import cast
from urllib.parse import parse_qsl

from starlette.datastructures import ImmutableMultiDict
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

Form = ImmutableMultiDict[str, str]

_FORM_TYPE = "application/x-www-form-urlencoded"
# A hundred chosen rows, and a filter.
_MAX_BYTES = 64 * 1024
_MAX_FIELDS = 250
_MAX_SECONDS = 15.0


async def read_form(request: Request) -> Form:
    """The fields of the body, which `form_of` gives from then on.

    Raises HTTPException: 400, 408, 413 or 415.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _FORM_TYPE:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    text = bytearray()
    try:
        async with asyncio.timeout(_MAX_SECONDS):
            async for chunk in request.stream():
                text += chunk
                if len(text) > _MAX_BYTES:
                    raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        # As everywhere text has no NUL: the database takes none.
        fields = parse_qsl(
            text.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict"
        )
    except TimeoutError:
        raise HTTPException(HTTPStatus.REQUEST_TIMEOUT) from None
    except (ClientDisconnect, ValueError):
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None
    if any("\0" in part for field in fields for part in field):
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    form = Form(fields)
    request.state.form = form
    return form


def form_of(request: Request) -> Form:
    """The form of a request whose route is `acting` or `signed_form`: get() and getlist()."""
    return cast("Form", request.state.form)
