"""Signed sessions: of visitors without credentials, and of those who traded an API key for one."""

import hashlib
import re
import secrets
import time
from dataclasses import dataclass

from itsdangerous import BadSignature, Signer
from starlette.requests import Request
from starlette.responses import Response

SESSION_COOKIE = "session"
CSRF_COOKIE = "csrftoken"
KEY_SESSION_SECONDS = 7 * 24 * 3600
_MAX_AGE_SECONDS = 365 * 24 * 3600
_KEY_SESSION = re.compile(r"([\w-]+)~([0-9a-f]+)~([0-9]{1,12})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Session:
    """A visitor; whoever holds the cookie is that visitor.

    `key_id` names the API key that it was traded for, empty for anonymous visitors; such a session
    ends at `expires_at` (seconds since the epoch).
    """

    session_id: str
    key_id: str = ""
    expires_at: int = 0

    @property
    def owner(self) -> str:
        """The owner's name in the records, unless it is the key's."""
        return f"session:{self.session_id}"

    def has_ended(self, now: float) -> bool:
        """Whether its time is over; an anonymous visitor's has no end."""
        return bool(self.key_id) and now >= self.expires_at


class SessionCookies:
    """Signs sessions and the CSRF tokens that are bound to them (HMAC-SHA-256)."""

    def __init__(self, secret: str) -> None:
        self._sessions = Signer(secret, salt="session", digest_method=hashlib.sha256)
        self._csrf_tokens = Signer(secret, salt="csrf", digest_method=hashlib.sha256)

    def read(self, request: Request) -> Session | None:
        """The session whose cookie came with `request`; None without a genuine one in its time."""
        cookie = request.cookies.get(SESSION_COOKIE)
        if not cookie:
            return None
        try:
            value = self._sessions.unsign(cookie).decode()
        except (BadSignature, UnicodeError):
            return None
        if "~" not in value:
            return Session(value)
        if (parts := _KEY_SESSION.fullmatch(value)) is None:
            return None
        session = Session(parts[1], parts[2], int(parts[3]))
        return None if session.has_ended(time.time()) else session

    def csrf_token(self, session: Session) -> str:
        """The token that proves that a request comes from a page of this session."""
        return self._csrf_tokens.get_signature(session.session_id).decode()

    def is_csrf_token(self, session: Session, token: str) -> bool:
        """Whether `token` is the session's; compared in constant time."""
        return self._csrf_tokens.verify_signature(session.session_id.encode(), token.encode())

    def write(self, request: Request, response: Response, session: Session) -> None:
        """Set both cookies; scripts of the page may read the token, never the session."""
        secure = request.url.scheme == "https"
        value, max_age = session.session_id, _MAX_AGE_SECONDS
        if session.key_id:
            value = f"{session.session_id}~{session.key_id}~{session.expires_at}"
            max_age = max(0, session.expires_at - int(time.time()))
        response.set_cookie(
            SESSION_COOKIE,
            self._sessions.sign(value).decode(),
            max_age=max_age,
            httponly=True,
            samesite="lax",
            secure=secure,
        )
        response.set_cookie(
            CSRF_COOKIE,
            self.csrf_token(session),
            max_age=max_age,
            samesite="lax",
            secure=secure,
        )

    def remove(self, response: Response) -> None:
        """Have the browser forget both cookies."""
        for name in (SESSION_COOKIE, CSRF_COOKIE):
            response.delete_cookie(name, samesite="lax")


def new_session() -> Session:
    """A session for a visitor who has none: 144 random bits."""
    return Session(secrets.token_urlsafe(18))


def new_key_session(key_id: str) -> Session:
    """A session for the holder of the API key `key_id`, for a week."""
    return Session(secrets.token_urlsafe(18), key_id, int(time.time()) + KEY_SESSION_SECONDS)
