"""`/admin/audit-log/`: what operators did."""

from http import HTTPStatus
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from admin_console.audit_reads import AuditFilter, read_audit_log
from admin_console.console import console_of
from admin_console.pages import page
from admin_console.photo_query import read_text

AUDIT_LOG = "/admin/audit-log/"
_PAGE_ROWS = 100
_FIELDS = ("operator", "action", "target")


async def show_audit_log(request: Request) -> Response:
    """A page of the lines that the query names, newest first."""
    try:
        fields = {
            name: read_text(text)
            for name in _FIELDS
            if (text := request.query_params.get(name, "").strip())
        }
    except ValueError as error:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, f"The filter {error}.") from None
    found = await read_audit_log(
        console_of(request).pool, AuditFilter(**fields), _before(request), _PAGE_ROWS
    )
    older = urlencode({**fields, "before": found.next}) if found.next is not None else None
    return await page(
        request,
        "audit_log.html",
        fields=fields,
        lines=found.lines,
        older=older,
        newest=urlencode(fields),
        is_first_page="before" not in request.query_params,
    )


def _before(request: Request) -> int | None:
    text = request.query_params.get("before")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise HTTPException(HTTPStatus.NOT_FOUND, "No page before named this place.")
    return int(text)


routes = [Route(AUDIT_LOG, show_audit_log, methods=["GET"])]
