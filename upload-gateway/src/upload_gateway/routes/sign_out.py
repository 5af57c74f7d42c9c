"""`POST /api/session/end`: signing out with a form, since HTML's forms have no DELETE."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from upload_gateway.adapters import adapters_of
from upload_gateway.csrf import CSRF_FIELD, proven_form
from upload_gateway.form_fields import FORM_TYPE
from upload_gateway.openapi_parts import problems, response_headers

router = APIRouter()

_FORM = {
    "content": {
        FORM_TYPE: {"schema": {"type": "object", "properties": {CSRF_FIELD: {"type": "string"}}}}
    }
}


@router.post(
    "/api/session/end",
    status_code=HTTPStatus.SEE_OTHER,
    response_class=Response,
    responses={
        303: {
            "description": "The session has ended",
            "headers": response_headers({"Location": "The page"}),
        },
        **problems(
            {
                HTTPStatus.FORBIDDEN: "csrf_failed",
                HTTPStatus.REQUEST_TIMEOUT: "body_too_slow",
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body_too_large",
            }
        ),
    },
    openapi_extra={"requestBody": _FORM},
)
async def sign_out(request: Request) -> Response:
    """Have the browser forget its session, and show the page as to a new visitor."""
    await proven_form(request)
    response = RedirectResponse("/api/", HTTPStatus.SEE_OTHER)
    response.headers["Cache-Control"] = "no-store"
    adapters_of(request).cookies.remove(response)
    return response
