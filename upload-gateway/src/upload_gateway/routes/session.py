"""`POST /api/session` trades an API key for a session, so that the page works; `DELETE` ends it."""

from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from upload_gateway.access_rules import authentication_required
from upload_gateway.adapters import adapters_of, caller_of
from upload_gateway.api_key_file import ApiKey
from upload_gateway.caller import Caller, invalid_api_key
from upload_gateway.csrf import CSRF_FIELD, CSRF_HEADER, proven_caller, proven_form
from upload_gateway.form_fields import FORM_TYPE, has_form
from upload_gateway.home_page import asks_for_key, home_page
from upload_gateway.json_response import json_response
from upload_gateway.openapi_parts import problems, response_headers
from upload_gateway.session import new_key_session
from upload_gateway.web_page import wants_page


class _OneAddress(APIRoute):
    """Names every method of the address in Allow (RFC 9110 15.5.6), not those of one route."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["method"] not in (self.methods or ()):
            raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "DELETE, POST"})
        await super().handle(scope, receive, send)


router = APIRouter(route_class=_OneAddress)

_KEY_FIELD = "api_key"

_FORM = {
    "description": "In place of the header Authorization",
    "content": {
        FORM_TYPE: {
            "schema": {
                "type": "object",
                "properties": {
                    _KEY_FIELD: {"type": "string", "format": "password"},
                    CSRF_FIELD: {
                        "type": "string",
                        "description": "In place of the header X-CSRFToken",
                    },
                },
            }
        }
    },
}

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
    responses={
        303: {
            "description": "As 201, for a form of a browser: whoever accepts text/html",
            "headers": response_headers({"Location": "The page"}),
        },
        **problems(
            {
                HTTPStatus.UNAUTHORIZED: "authentication_required, invalid_api_key",
                HTTPStatus.FORBIDDEN: "csrf_failed",
                HTTPStatus.REQUEST_TIMEOUT: "body_too_slow",
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body_too_large",
            }
        ),
    },
    openapi_extra={"requestBody": _FORM, "parameters": [_TOKEN_PARAMETER]},
)
async def begin(request: Request) -> Response:
    """A session with the owner and scopes of the API key that the request or its form carries."""
    key = caller_of(request).key if caller_of(request).sent_key else await _key_of_form(request)
    if key is None:
        if wants_page(request) and asks_for_key(request):
            return home_page(request, HTTPStatus.UNAUTHORIZED, problem_code="invalid_api_key")
        raise invalid_api_key()
    cookies = adapters_of(request).cookies
    session = new_key_session(key.key_id)
    response: Response
    if wants_page(request):
        response = RedirectResponse("/api/", HTTPStatus.SEE_OTHER)
        response.headers["Cache-Control"] = "no-store"
    else:
        body = {
            "owner": Caller(key=key).owner,
            "scopes": sorted(key.scopes),
            "csrf_token": cookies.csrf_token(session),
            "expires_at": datetime.fromtimestamp(session.expires_at, UTC),
        }
        response = json_response(body, HTTPStatus.CREATED)
    cookies.write(request, response, session)
    return response


async def _key_of_form(request: Request) -> ApiKey | None:
    if not has_form(request):
        raise authentication_required()
    _, fields = await proven_form(request)
    return adapters_of(request).keys.find(fields.get(_KEY_FIELD, "").strip())


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
