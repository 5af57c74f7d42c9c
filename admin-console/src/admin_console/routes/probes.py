"""`GET /livez` and `GET /readyz`, for whoever runs the console; `/` leads to it."""

import asyncio
from http import HTTPStatus

import asyncpg
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from admin_console.console import console_of
from admin_console.navigation import HOME
from photo_records.database_errors import DATABASE_DOWN
from photo_records.schema_check import SchemaOutdatedError, check_schema

_CHECK_SECONDS = 2.0


async def root(_request: Request) -> Response:
    """Send people to the console."""
    return RedirectResponse(HOME, HTTPStatus.SEE_OTHER.value)


async def livez(_request: Request) -> Response:
    """200 as long as the process answers at all."""
    return JSONResponse({"status": "alive"})


async def readyz(request: Request) -> Response:
    """200 while the database answers and has the tables of this code, else 503.

    Not the other services: the console is for the times when they do not answer.
    """
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await check_schema(console_of(request).pool)
    except (*DATABASE_DOWN, asyncpg.PostgresError, SchemaOutdatedError):
        # It may refuse too: at an install the service's login is made after its start.
        return JSONResponse(
            {"status": "not_ready", "missing": ["database"]},
            HTTPStatus.SERVICE_UNAVAILABLE.value,
            {"Retry-After": "1"},
        )
    return JSONResponse({"status": "ready"})


routes = [
    Route("/", root, methods=["GET"]),
    Route("/admin", root, methods=["GET"]),
    Route("/livez", livez, methods=["GET"]),
    Route("/readyz", readyz, methods=["GET"]),
]
