from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from upload_gateway.session import Session, SessionCookies, new_session

SECRET = "a secret of more than thirty-two characters"


@pytest.fixture
def cookies() -> SessionCookies:
    return SessionCookies(SECRET)


def request(cookie: str = "", scheme: str = "http") -> Request:
    scope: dict[str, Any] = {"type": "http", "scheme": scheme, "path": "/", "query_string": b""}
    scope["server"] = ("gateway", 80)
    scope["headers"] = [(b"cookie", cookie.encode())] if cookie else []
    return Request(scope)


def cookies_set(cookies: SessionCookies, session: Session, scheme: str = "http") -> list[str]:
    response = Response()
    cookies.write(request(scheme=scheme), response, session)
    return response.headers.getlist("set-cookie")


def test_a_session_comes_back_from_its_own_cookie(cookies: SessionCookies) -> None:
    session = new_session()
    cookie = cookies_set(cookies, session)[0].split(";")[0]
    assert cookies.read(request(cookie)) == session


@pytest.mark.parametrize("cookie", ["session=forged", "session=a.b", "session=", "other=1", ""])
def test_a_cookie_that_is_not_genuine_is_no_session(cookies: SessionCookies, cookie: str) -> None:
    assert cookies.read(request(cookie)) is None


def test_a_cookie_signed_with_another_secret_is_no_session(cookies: SessionCookies) -> None:
    other = SessionCookies("another secret of more than thirty-two")
    cookie = cookies_set(other, new_session())[0].split(";")[0]
    assert cookies.read(request(cookie)) is None


def test_a_token_belongs_to_one_session_only(cookies: SessionCookies) -> None:
    mine, theirs = new_session(), new_session()
    token = cookies.csrf_token(mine)
    assert cookies.is_csrf_token(mine, token)
    assert not cookies.is_csrf_token(theirs, token)
    assert not cookies.is_csrf_token(mine, token[:-1])
    assert not cookies.is_csrf_token(mine, "")
    assert not cookies.is_csrf_token(mine, "nicht ASCII: ß☀")


def test_a_token_is_no_session_signature(cookies: SessionCookies) -> None:
    session = new_session()
    forged = f"session={session.session_id}.{cookies.csrf_token(session)}"
    assert cookies.read(request(forged)) is None


def test_scripts_cannot_read_the_session_and_other_sites_cannot_send_it(
    cookies: SessionCookies,
) -> None:
    session, token = cookies_set(cookies, new_session())
    assert "httponly" in session.lower()
    assert "httponly" not in token.lower()
    for cookie in (session, token):
        assert "samesite=lax" in cookie.lower()
        assert "secure" not in cookie.lower()


def test_behind_tls_both_cookies_are_secure(cookies: SessionCookies) -> None:
    assert all("secure" in each.lower() for each in cookies_set(cookies, new_session(), "https"))
