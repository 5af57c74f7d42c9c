"""The pages, in the language of whoever looks at them."""

import re
from http import HTTPStatus
from typing import Any

from fastapi import Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request

from upload_gateway.catalog import CATALOGS
from upload_gateway.language import LANGUAGES, language_of
from upload_gateway.page_assets import PAGE_ASSETS

_WEIGHT = re.compile(r"[01](\.\d{0,3})?")

_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_TEMPLATES = Environment(
    loader=PackageLoader("upload_gateway", "web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_TEMPLATES.globals.update(
    asset=PAGE_ASSETS.url,
    languages={language: CATALOGS[language].text("language.name") for language in LANGUAGES},
)


# What browsers ask for when a person is to see the answer. Java's HttpURLConnection names the first
# of them by itself.
_PAGE_TYPES = ("text/html", "application/xhtml+xml")


def wants_page(request: Request) -> bool:
    """Whether a person at a browser will see the answer, and no program of theirs.

    Programs have a key, or prefer JSON, or do not name what browsers name (RFC 9110 12.5.1).
    """
    if request.headers.get("authorization", "").lower().startswith("bearer "):
        return False
    weights = _accepted(",".join(request.headers.getlist("accept")))
    html = min(weights.get(each, 0.0) for each in _PAGE_TYPES)
    json = max(weights.get(each, 0.0) for each in ("application/json", "application/problem+json"))
    return html > 0 and html >= json


def _accepted(header: str) -> dict[str, float]:
    """The weight of each media type that is named; one without a readable weight has 1."""
    weights = {}
    for part in header.lower().split(","):
        media_type, *parameters = (each.strip() for each in part.split(";"))
        weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        weights[media_type] = float(weight) if _WEIGHT.fullmatch(weight) else 1.0
    return weights


def web_page(
    request: Request, template: str, values: dict[str, Any], status: HTTPStatus = HTTPStatus.OK
) -> Response:
    """The page that `template`, a file in web/, makes of `values`; all text in it is escaped."""
    catalog = CATALOGS[language_of(request)]
    return HTMLResponse(
        _TEMPLATES.get_template(template).render(values, catalog=catalog, t=catalog.text),
        status_code=status.value,
        headers={
            "Cache-Control": "no-store",
            "Content-Language": catalog.language,
            "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        },
    )
