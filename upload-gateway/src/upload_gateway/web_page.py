"""Pages for people whose browser runs no script of ours."""

from http import HTTPStatus
from typing import Any

from fastapi import Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request

_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; img-src 'self'; form-action 'self'; frame-ancestors 'none';"
    " base-uri 'none'"
)

_TEMPLATES = Environment(
    loader=PackageLoader("upload_gateway", "web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


def wants_page(request: Request) -> bool:
    """Whether whoever asks will show the answer to a person: browsers name HTML, scripts do not."""
    return "text/html" in request.headers.get("accept", "").lower()


def web_page(template: str, values: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Response:
    """The page that `template`, a file in web/, makes of `values`; all text in it is escaped."""
    return HTMLResponse(
        _TEMPLATES.get_template(template).render(values),
        status_code=status.value,
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        },
    )
