"""Visitors without credentials: a signed anonymous session is the owner of what they upload."""

import hashlib
import secrets
from dataclasses import dataclass

from itsdangerous import BadSignature, Signer
from starlette.requests import Request
from starlette.responses import Response

SESSION_COOKIE = "session"
CSRF_COOKIE = "csrftoken"
_MAX_AGE_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Session:
    """A visitor; whoever holds the cookie is that visitor."""

    session_id: str

    @property
    def owner(self) -> str:
        """The owner's name in the records."""
        return f"session:{self.session_id}"


class SessionCookies:
    """Signs sessions and the CSRF tokens that are bound to them (HMAC-SHA-256)."""

    def __init__(self, secret: str) -> None:
        self._sessions = Signer(secret, salt="session", digest_method=hashlib.sha256)
        self._csrf_tokens = Signer(secret, salt="csrf", digest_method=hashlib.sha256)

    def read(self, request: Request) -> Session | None:
        """The session whose cookie came with `request`, None without a genuine one."""
        cookie = request.cookies.get(SESSION_COOKIE)
        if not cookie:
            return None
        try:
            return Session(self._sessions.unsign(cookie).decode())
        except (BadSignature, UnicodeError):
            return None

    def csrf_token(self, session: Session) -> str:
        """The token that proves that a request comes from a page of this session."""
        return self._csrf_tokens.get_signature(session.session_id).decode()

    def is_csrf_token(self, session: Session, token: str) -> bool:
        """Whether `token` is the session's; compared in constant time."""
        return self._csrf_tokens.verify_signature(session.session_id.encode(), token.encode())

    def write(self, request: Request, response: Response, session: Session) -> None:
        """Set both cookies; scripts of the page may read the token, never the session."""
        secure = request.url.scheme == "https"
        response.set_cookie(
            SESSION_COOKIE,
            self._sessions.sign(session.session_id).decode(),
            max_age=_MAX_AGE_SECONDS,
            httponly=True,
            samesite="lax",
            secure=secure,
        )
        response.set_cookie(
            CSRF_COOKIE,
            self.csrf_token(session),
            max_age=_MAX_AGE_SECONDS,
            samesite="lax",
            secure=secure,
        )


def new_session() -> Session:
    """A session for a visitor who has none: 144 random bits."""
    return Session(secrets.token_urlsafe(18))
