"""Whether a POST comes from a page of the console.

Twice: by what the browser says of its origin (Fetch Metadata, else Origin), and by a token in the
form: that of the session, and before there is one that of a cookie (OWASP: double submit).
"""

import hashlib
import hmac
import re
import secrets
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

FIELD = "csrf_token"
LOGIN_COOKIE = "admin_login"
LOGIN_PATH = "/admin/login"
_LOGIN_COOKIE_SECONDS = 3600
_LOGIN_SECRET = re.compile(r"[A-Za-z0-9_-]{32}")


def is_token(sent: str | None, token: str) -> bool:
    """Whether the form carries the token; compared in constant time."""
    return hmac.compare_digest((sent or "").encode(errors="replace"), token.encode())


def comes_from_us(request: Request) -> bool:
    """Whether the browser, if it is one, says that the form is from a page of ours."""
    # The order of Go's net/http.CrossOriginProtection: browsers of today send Sec-Fetch-Site.
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    # Without the scheme: what ends TLS before us may not be among TRUSTED_PROXIES.
    try:
        return origin is None or urlsplit(origin).netloc == request.headers.get("host")
    except ValueError:
        # Brackets that do not close, and the like: no page of ours.
        return False


def login_secret(request: Request) -> str:
    """What the cookie of the login form holds, or a new secret for it."""
    kept = request.cookies.get(LOGIN_COOKIE, "")
    return kept if _LOGIN_SECRET.fullmatch(kept) else secrets.token_urlsafe(24)


def login_token(secret: str) -> str:
    """What the login form carries for the cookie."""
    return hmac.new(secret.encode(errors="replace"), b"login", hashlib.sha256).hexdigest()


def is_login_form(request: Request, sent: str | None) -> bool:
    """Whether the login form that was sent is one that we gave this browser."""
    secret = request.cookies.get(LOGIN_COOKIE, "")
    return bool(secret) and comes_from_us(request) and is_token(sent, login_token(secret))


def keep_login_secret(request: Request, response: Response, secret: str) -> None:
    """Have the browser keep it until the form comes back."""
    response.set_cookie(
        LOGIN_COOKIE,
        secret,
        max_age=_LOGIN_COOKIE_SECONDS,
        path=LOGIN_PATH,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
