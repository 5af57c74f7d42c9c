"""`POST /api/session` trades an API key for a session, so that the page works; `DELETE` ends it."""

from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from upload_gateway.adapters import adapters_of, caller_of
from upload_gateway.csrf import CSRF_HEADER, proven_caller
from upload_gateway.json_response import json_response
from upload_gateway.openapi_parts import problems
from upload_gateway.problems import Problem
from upload_gateway.session import new_key_session


class _OneAddress(APIRoute):
    """Names every method of the address in Allow (RFC 9110 15.5.6), not those of one route."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["method"] not in (self.methods or ()):
            raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "DELETE, POST"})
        await super().handle(scope, receive, send)


router = APIRouter(route_class=_OneAddress)

_TOKEN_PARAMETER = {
    "in": "header",
    "name": CSRF_HEADER,
    "required": False,
    "schema": {"type": "string"},
    "description": "The token that the session came with",
}


class SessionDocument(BaseModel):
    """A session that was traded for an API key; it ends earlier if the key does."""

    owner: str
    scopes: list[str]
    csrf_token: str
    expires_at: datetime


@router.post(
    "/api/session",
    status_code=HTTPStatus.CREATED,
    response_model=SessionDocument,
    responses=problems({HTTPStatus.UNAUTHORIZED: "authentication_required, invalid_api_key"}),
)
async def begin(request: Request) -> Response:
    """A session with the owner and scopes of the API key that the request carries."""
    caller = caller_of(request)
    if caller.key is None or not caller.sent_key:
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "authentication_required",
            "Send the API key as `Authorization: Bearer …`.",
        )
    cookies = adapters_of(request).cookies
    session = new_key_session(caller.key.key_id)
    body = {
        "owner": caller.owner,
        "scopes": sorted(caller.scopes),
        "csrf_token": cookies.csrf_token(session),
        "expires_at": datetime.fromtimestamp(session.expires_at, UTC),
    }
    response = json_response(body, HTTPStatus.CREATED)
    cookies.write(request, response, session)
    return response


@router.delete(
    "/api/session",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problems({HTTPStatus.FORBIDDEN: "csrf_failed"}),
    openapi_extra={"parameters": [_TOKEN_PARAMETER]},
)
async def end(request: Request) -> Response:
    """Have the browser forget its session, an anonymous one too."""
    proven_caller(request)
    response = Response(status_code=HTTPStatus.NO_CONTENT.value)
    response.headers["Cache-Control"] = "no-store"
    adapters_of(request).cookies.remove(response)
    return response
