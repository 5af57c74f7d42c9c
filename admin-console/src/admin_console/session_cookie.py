"""The cookie that holds the token of a session."""

from starlette.requests import Request
from starlette.responses import Response

from admin_console.sessions import LONGEST

_NAME = "admin_session"
_PATH = "/admin/"


def token_in(request: Request) -> str:
    """The token that came with the request, empty without one."""
    return request.cookies.get(_NAME, "")[:128]


def keep_token(request: Request, response: Response, token: str) -> None:
    """Have the browser send it to the console alone, and show it to no script."""
    response.set_cookie(
        _NAME,
        token,
        max_age=int(LONGEST.total_seconds()),
        path=_PATH,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def forget_token(request: Request, response: Response) -> None:
    """Have the browser forget it."""
    response.delete_cookie(
        _NAME,
        path=_PATH,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
