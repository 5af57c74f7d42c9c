"""Errors as pages; none says what is inside."""

from http import HTTPStatus

import sqlalchemy.exc
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from admin_console.pages import refusal
from photo_records.bounded_read import ReadTooSlowError, UnknownPlaceError
from photo_records.database_errors import DATABASE_DOWN

_MESSAGES = {
    HTTPStatus.BAD_REQUEST: "The form cannot be read.",
    HTTPStatus.NOT_FOUND: "There is no such page, or what it showed is gone.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This page takes no such request.",
    HTTPStatus.REQUEST_TIMEOUT: "The form took too long to arrive.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The form is too large.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "Only forms as browsers send them are understood.",
}

_log = structlog.get_logger(__name__)


async def _stated(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    # The detail, where a route gave one, is made for people; else it is the bare phrase.
    detail = error.detail if error.detail != status.phrase else ""
    message = detail or _MESSAGES.get(status, "This cannot be answered.")
    return await refusal(request, status, message, dict(error.headers or {}))


async def database_down(request: Request, error: Exception) -> Response:
    """503; nothing was done, or it is not known."""
    _log.warning("database_unavailable", error=type(error).__name__)
    return await refusal(
        request,
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The database does not answer, or not in time. Try again in a moment.",
        {"Retry-After": "2"},
    )


async def _from_engine(request: Request, error: Exception) -> Response:
    """The same by way of SQLAlchemy, which wraps what its driver says."""
    assert isinstance(error, sqlalchemy.exc.DBAPIError)
    cause = error.orig.__cause__ if error.orig else None
    if error.connection_invalidated or isinstance(cause, DATABASE_DOWN):
        return await database_down(request, error)
    raise error


async def _too_slow(request: Request, error: Exception) -> Response:
    # The error's text is made for people.
    return await refusal(request, HTTPStatus.SERVICE_UNAVAILABLE, str(error))


async def _unknown_place(request: Request, _error: Exception) -> Response:
    return await refusal(
        request, HTTPStatus.NOT_FOUND, "No list before named this page; begin with the newest."
    )


async def _unexpected(request: Request, _error: Exception) -> Response:
    # uvicorn logs it, with the id of the request.
    return await refusal(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Something went wrong that should not. The log of admin-console says what.",
    )


EXCEPTION_HANDLERS = {
    HTTPException: _stated,
    **dict.fromkeys(DATABASE_DOWN, database_down),
    sqlalchemy.exc.DBAPIError: _from_engine,
    sqlalchemy.exc.TimeoutError: database_down,
    ReadTooSlowError: _too_slow,
    UnknownPlaceError: _unknown_place,
    Exception: _unexpected,
}
