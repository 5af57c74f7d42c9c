"""`/admin/`: how the service stands."""

import asyncio
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from admin_console.console import console_of
from admin_console.kept_read import KeptRead
from admin_console.navigation import HOME
from admin_console.notices import notice_of
from admin_console.pages import page
from admin_console.throughput_chart import draw_throughput
from photo_records.bounded_read import ReadTooSlowError
from photo_records.service_overview import MOST_COUNTED

ValueT = TypeVar("ValueT")


async def show_front_page(request: Request) -> Response:
    """Lanes, throughput, failures, workers and storage; what is too slow to read is left out."""
    console = console_of(request)
    standing = console.standing
    backlog_read, hour_read, day_read, storage_read = (
        _or_none(standing.backlogs),
        _or_none(standing.last_hour),
        _or_none(standing.last_day),
        _or_none(standing.storage),
    )
    backlogs, hour, day, storage, workers = await asyncio.gather(
        backlog_read, hour_read, day_read, storage_read, console.workers.look()
    )
    return await page(
        request,
        "front_page.html",
        backlogs=backlogs,
        most_counted=MOST_COUNTED,
        windows=[
            (name, told and draw_throughput(told), told)
            for name, told in (("Last hour", hour), ("Last day", day))
        ],
        storage=storage,
        seen=workers,
        notice=notice_of(request),
    )


async def _or_none(read: KeptRead[ValueT]) -> ValueT | None:
    try:
        return await read.get()
    except ReadTooSlowError:
        return None


routes = [Route(HOME, show_front_page, methods=["GET"])]
