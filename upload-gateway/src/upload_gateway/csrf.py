"""Every unsafe request of a session proves that it comes from a page of ours.

Twice: the browser says where it comes from (Fetch Metadata, else Origin), and it carries a token
(OWASP: signed double submit). A request with an API key needs neither: no browser adds one.
"""

from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.requests import Request

from upload_gateway.adapters import adapters_of, caller_of
from upload_gateway.caller import Caller
from upload_gateway.form_fields import form_fields
from upload_gateway.form_parts import FieldPart, FormFile, FormPart
from upload_gateway.problems import Problem
from upload_gateway.session import Session, SessionCookies

CSRF_HEADER = "X-CSRFToken"
CSRF_FIELD = "csrfmiddlewaretoken"


def proven_caller(request: Request) -> Caller:
    """The caller of an unsafe request without a form. Raises Problem (403 csrf_failed)."""
    caller, proven = caller_of_form(request)
    if not proven:
        raise _csrf_failed(f"No {CSRF_HEADER} header")
    return caller


def caller_of_form(request: Request) -> tuple[Caller, bool]:
    """The caller of an unsafe request, and whether its form need not carry the token.

    Raises Problem (403 csrf_failed).
    """
    caller = caller_of(request)
    if caller.sent_key:
        return caller, True
    if caller.session is None:
        raise _csrf_failed("The session cookie is missing or not genuine")
    adapters = adapters_of(request)
    if not _comes_from_us(request, adapters.cors_origins):
        raise _csrf_failed("The request comes from a page of another site")
    token = request.headers.get(CSRF_HEADER)
    if token is None:
        return caller, False
    if not adapters.cookies.is_csrf_token(caller.session, token):
        raise _csrf_failed(f"The {CSRF_HEADER} header does not belong to the session")
    return caller, True


async def proven_form(request: Request) -> tuple[Caller, Mapping[str, str]]:
    """The caller of a form without files, and its fields. Raises as form_fields and csrf_failed."""
    caller, proven = caller_of_form(request)
    fields = await form_fields(request)
    if not proven:
        token = fields.get(CSRF_FIELD, "")
        cookies = adapters_of(request).cookies
        if caller.session is None or not cookies.is_csrf_token(caller.session, token):
            raise _csrf_failed(f"Neither {CSRF_HEADER} header nor a valid field {CSRF_FIELD}")
    return caller, fields


async def require_form_token(
    parts: AsyncIterator[FormPart], cookies: SessionCookies, session: Session
) -> AsyncIterator[FormPart]:
    """The same parts, once a form field before the first file has carried the token."""
    proven = False
    async for part in parts:
        if isinstance(part, FieldPart) and part.name == CSRF_FIELD:
            proven = cookies.is_csrf_token(session, part.value)
        if isinstance(part, FormFile) and not proven:
            raise _csrf_failed(
                f"No {CSRF_HEADER} header, and no valid field {CSRF_FIELD} before the files"
            )
        yield part
    if not proven:
        raise _csrf_failed(f"Neither {CSRF_HEADER} header nor field {CSRF_FIELD}")


def _comes_from_us(request: Request, cors_origins: frozenset[str]) -> bool:
    # The order of Go's net/http.CrossOriginProtection: browsers of today send Sec-Fetch-Site, and
    # what sends neither header is no browser.
    origin = request.headers.get("origin")
    if origin is not None and origin in cors_origins:
        return True
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    # Without the scheme: what ends TLS before us may not be among TRUSTED_PROXIES.
    try:
        return origin is None or urlsplit(origin).netloc == request.headers.get("host")
    except ValueError:
        # Brackets that do not close, and the like: no page of ours.
        return False


def _csrf_failed(what: str) -> Problem:
    return Problem(
        HTTPStatus.FORBIDDEN,
        "csrf_failed",
        f"{what}: GET /api/csrf for a token and send it with its cookies.",
    )
