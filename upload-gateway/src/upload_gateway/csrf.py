"""Every unsafe request proves that it comes from a page of ours (OWASP: signed double submit)."""

from collections.abc import AsyncIterator
from http import HTTPStatus

from starlette.requests import Request

from upload_gateway.problems import Problem
from upload_gateway.session import Session, SessionCookies
from upload_gateway.upload_parts import FieldPart, FilePart, UploadPart

CSRF_HEADER = "X-CSRFToken"
CSRF_FIELD = "csrfmiddlewaretoken"


def require_session(request: Request, cookies: SessionCookies) -> Session:
    """The session of an unsafe request. Raises Problem (403 csrf_failed) without one."""
    session = cookies.read(request)
    if session is None:
        raise _csrf_failed("The session cookie is missing or not genuine")
    return session


def require_header_token(request: Request, cookies: SessionCookies) -> Session:
    """The session of an unsafe request without a form. Raises Problem (403 csrf_failed)."""
    session = require_session(request, cookies)
    if not has_header_token(request, cookies, session):
        raise _csrf_failed(f"No {CSRF_HEADER} header")
    return session


def has_header_token(request: Request, cookies: SessionCookies, session: Session) -> bool:
    """Whether the header carries the token; raises Problem if it carries a wrong one."""
    token = request.headers.get(CSRF_HEADER)
    if token is None:
        return False
    if not cookies.is_csrf_token(session, token):
        raise _csrf_failed(f"The {CSRF_HEADER} header does not belong to the session")
    return True


async def require_form_token(
    parts: AsyncIterator[UploadPart], cookies: SessionCookies, session: Session
) -> AsyncIterator[UploadPart]:
    """The same parts, once a form field before the first file has carried the token."""
    proven = False
    async for part in parts:
        if isinstance(part, FieldPart) and part.name == CSRF_FIELD:
            proven = cookies.is_csrf_token(session, part.value)
        if isinstance(part, FilePart) and not proven:
            raise _csrf_failed(
                f"No {CSRF_HEADER} header, and no valid field {CSRF_FIELD} before the files"
            )
        yield part
    if not proven:
        raise _csrf_failed(f"Neither {CSRF_HEADER} header nor field {CSRF_FIELD}")


def _csrf_failed(what: str) -> Problem:
    return Problem(
        HTTPStatus.FORBIDDEN,
        "csrf_failed",
        f"{what}: GET /api/csrf for a token and send it with its cookies.",
    )
