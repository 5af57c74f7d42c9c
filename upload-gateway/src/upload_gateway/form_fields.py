"""The fields of a form without files, as browsers without scripts send it."""

from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from photo_uploads.upload_pace import PACE_RULE, UploadPace
from upload_gateway.problems import Problem, client_disconnected

FORM_TYPE = "application/x-www-form-urlencoded"

_MAX_SIZE = 4 * 1024


def has_form(request: Request) -> bool:
    """Whether the body is such a form (HTML standard, 4.10.21.7)."""
    media_type = request.headers.get("content-type", "").partition(";")[0]
    return media_type.strip().lower() == FORM_TYPE


async def form_fields(request: Request) -> dict[str, str]:
    """Each field by its name; none where the body is no such form.

    Raises Problem (400 client_disconnected, 413 body_too_large) and RequestError (body_too_slow).
    """
    if not has_form(request):
        return {}
    text = bytearray()
    body, pace = request.stream(), UploadPace(PACE_RULE)
    try:
        while (chunk := await pace.next_piece(body, len)) is not None:
            text += chunk
            if len(text) > _MAX_SIZE:
                raise Problem(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    "body_too_large",
                    f"A form without files must not be larger than {_MAX_SIZE} bytes.",
                )
    except ClientDisconnect:
        raise client_disconnected() from None
    return dict(parse_qsl(text.decode(errors="replace"), keep_blank_values=True))
