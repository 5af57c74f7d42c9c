"""Pages: HTML of templates/ in one layout; all text in it is escaped."""

from http import HTTPStatus
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from admin_console.figures import age, at_most, byte_count, count, details, duration
from admin_console.moments import moment
from admin_console.navigation import MENU
from admin_console.refusal_reasons import reason_of
from admin_console.sessions import session_of
from admin_console.static_files import asset

TEMPLATES = Environment(
    loader=PackageLoader("admin_console", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
TEMPLATES.globals.update(asset=asset, menu=MENU)
TEMPLATES.filters.update(
    moment=moment,
    byte_count=byte_count,
    count=count,
    at_most=at_most,
    duration=duration,
    age=age,
    details=details,
    reason=reason_of,
)


async def page(
    request: Request, template: str, *, status: HTTPStatus = HTTPStatus.OK, **context: Any
) -> Response:
    """The page that `template`, a file of templates/, makes of `context`.

    Beside it the template has `request`, `operator` (None before somebody signed in) and
    `csrf_token`, which every form that posts carries as a hidden field of that name.
    """
    values = {**layout_context(request), **context}
    text = TEMPLATES.get_template(template).render(values)
    return HTMLResponse(text, status_code=status.value)


def layout_context(request: Request) -> dict[str, Any]:
    """What layout.html needs of a request."""
    session = session_of(request)
    return {
        "request": request,
        "operator": session.operator if session else None,
        "csrf_token": session.csrf_token if session else "",
    }


async def refusal(
    request: Request, status: HTTPStatus, message: str, headers: dict[str, str] | None = None
) -> Response:
    """The page of an answer that is not what was asked for."""
    response = await page(
        request, "refusal.html", status=status, heading=status.phrase, message=message
    )
    response.headers.update(headers or {})
    return response
