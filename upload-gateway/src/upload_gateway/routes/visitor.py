"""`GET /api/limits` and `GET /api/csrf`: what a client needs before it uploads."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from photo_domain.file_format import FORMAT_BY_EXTENSION, SIGNATURES
from upload_gateway.adapters import adapters_of, caller_of
from upload_gateway.form_parts import FILE_FIELD
from upload_gateway.json_response import json_response
from upload_gateway.session import new_session

router = APIRouter()


class FixedBytesDocument(BaseModel):
    """Bytes, as hexadecimal digits, that a file must have at `offset`."""

    offset: int
    hex: str


class SignatureDocument(BaseModel):
    """What a file whose name has one of these extensions must begin with."""

    extensions: list[str]
    fixed_bytes: list[FixedBytesDocument]


class LimitsDocument(BaseModel):
    """The limits of an upload: sizes in bytes, names in characters, extensions to media types."""

    field: str
    max_files: int
    max_file_size: int
    max_file_name_characters: int
    max_body_size: int
    extensions: dict[str, str]
    signatures: list[SignatureDocument]


class CsrfDocument(BaseModel):
    """The token to send in X-CSRFToken along with the cookies of this answer.

    Null for a caller with an API key, who needs none. `signed_in` tells whether the caller has
    proved a key, now or by signing in: a session that has ended is followed by an anonymous one.
    """

    csrf_token: str | None
    signed_in: bool


@router.get("/api/limits", response_model=LimitsDocument)
async def limits(request: Request) -> Response:
    """The limits that an upload is held against."""
    held = adapters_of(request).limits
    body = {
        "field": FILE_FIELD,
        "max_files": held.max_files,
        "max_file_size": held.max_file_size,
        "max_file_name_characters": held.max_file_name_characters,
        "max_body_size": held.max_body_size,
        "extensions": {
            extension: file_format.content_type
            for extension, file_format in FORMAT_BY_EXTENSION.items()
        },
        "signatures": [
            {
                "extensions": [
                    extension
                    for extension, promised in FORMAT_BY_EXTENSION.items()
                    if promised is file_format
                ],
                "fixed_bytes": [
                    {"offset": fixed.offset, "hex": fixed.content.hex()} for fixed in signature
                ],
            }
            for file_format, signature in SIGNATURES.items()
        ],
    }
    return json_response(body, headers={"Cache-Control": "public, max-age=300"})


@router.get("/api/csrf", response_model=CsrfDocument)
async def csrf(request: Request) -> Response:
    """A token for scripts, bound to the visitor's session, which begins here if there is none."""
    caller = caller_of(request)
    if caller.sent_key:
        return json_response({"csrf_token": None, "signed_in": True})
    cookies = adapters_of(request).cookies
    session = caller.session or new_session()
    response = json_response(
        {"csrf_token": cookies.csrf_token(session), "signed_in": caller.key is not None}
    )
    cookies.write(request, response, session)
    return response
