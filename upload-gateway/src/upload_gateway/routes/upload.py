"""`POST /api/upload/`."""

import re
import uuid
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from photo_domain.errors import ErrorCode
from photo_domain.file_format import FORMAT_BY_CONTENT_TYPE
from photo_uploads.receive_upload import Receipt, RejectedFile, UploadRefusedError
from photo_uploads.upload_metrics import counted_upload
from upload_gateway.adapters import adapters_of, visitor_of
from upload_gateway.csrf import CSRF_FIELD, CSRF_HEADER, caller_of_form, require_form_token
from upload_gateway.form_parts import FILE_FIELD, files_of
from upload_gateway.json_response import json_response
from upload_gateway.multipart_upload import body_too_large, boundary_of, parse_upload
from upload_gateway.openapi_parts import problems, response_headers
from upload_gateway.problems import Problem, client_disconnected
from upload_gateway.routes.batch_page import batch_page_url
from upload_gateway.task_document import TaskDocument, queued_task
from upload_gateway.web_page import wants_page

router = APIRouter()


class RejectionDocument(BaseModel):
    """One reason to refuse a file: `code` for programs, `detail` for people."""

    code: str
    detail: str


class RejectedDocument(BaseModel):
    """A file that was refused and every reason for it."""

    file_name: str
    errors: list[RejectionDocument]


class ReceiptDocument(BaseModel):
    """An upload that was accepted, in part or whole."""

    batch_id: str
    task_ids: list[str]
    accepted: list[TaskDocument]
    rejected: list[RejectedDocument]


_KEY = re.compile(r"[\x20-\x7e]{1,255}")
# The gateway's own request to ingest-service: its visitor can have no part in that.
_OWN_FAULTS = {ErrorCode.INVALID_ARGUMENT}
_NO_FILES = f"The upload has no file in the field `{FILE_FIELD}`."

_PROBLEMS = {
    HTTPStatus.BAD_REQUEST: "malformed_multipart, invalid_idempotency_key",
    HTTPStatus.FORBIDDEN: "csrf_failed, insufficient_scope",
    HTTPStatus.REQUEST_TIMEOUT: "body_too_slow",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body_too_large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "not_multipart, content_encoded",
    HTTPStatus.UNPROCESSABLE_ENTITY: "no_files, no_valid_files, too_many_files,"
    " unexpected_field, idempotency_mismatch",
    HTTPStatus.INSUFFICIENT_STORAGE: "quota_exceeded",
    HTTPStatus.SERVICE_UNAVAILABLE: "over_capacity, storage_unavailable,"
    " database_unavailable, outcome_unknown",
}

_BODY_SCHEMA = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": [FILE_FIELD],
                "properties": {
                    FILE_FIELD: {
                        "type": "array",
                        "items": {"type": "string", "format": "binary"},
                        "minItems": 1,
                        "maxItems": 100,
                    },
                    # Without a type: whatever a form has in a field is text.
                    CSRF_FIELD: {
                        "description": "Before the files, in place of the header X-CSRFToken"
                    },
                },
            },
            "encoding": {FILE_FIELD: {"contentType": ", ".join(FORMAT_BY_CONTENT_TYPE)}},
        }
    },
}

_KEY_PARAMETER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    # Bare, with a quote at either end or none, or quoted; a header has no spaces at its ends.
    "schema": {
        "type": "string",
        "pattern": '^[!-~]$|^[!#-~][ -~]{0,253}[!-~]$|^"[ -~]{0,253}[!#-~]$|^"[ -~]{1,255}"$',
    },
    "description": "A repeated upload with the same key and files gets the answer of the first,"
    " without photos that were deleted since",
}

_TOKEN_PARAMETER = {
    "in": "header",
    "name": CSRF_HEADER,
    "required": False,
    "schema": {"type": "string"},
    "description": "The token of GET /api/csrf, with its cookies; not with an API key",
}


@router.post(
    "/api/upload/",
    status_code=HTTPStatus.ACCEPTED,
    response_model=ReceiptDocument,
    responses={
        202: {"headers": response_headers({"Location": "The batch: /api/batches/{batch_id}"})},
        303: {
            "description": "As 202, for the form of a browser without scripts",
            "headers": response_headers({"Location": "The page of the batch"}),
        },
        **problems(_PROBLEMS),
    },
    openapi_extra={"requestBody": _BODY_SCHEMA, "parameters": [_KEY_PARAMETER, _TOKEN_PARAMETER]},
)
async def upload(request: Request) -> Response:
    """Take photos in: valid files are queued, invalid ones are listed with their reasons."""
    with counted_upload(also_failing=_OWN_FAULTS):
        return await _upload(request)


async def _upload(request: Request) -> Response:
    adapters = adapters_of(request)
    caller, proven = caller_of_form(request)
    key = _idempotency_key(request)
    boundary = boundary_of(request.headers.get("content-type", ""))
    _check_headers(request, adapters.limits.max_body_size)
    parts = parse_upload(boundary, request.stream(), adapters.limits.max_body_size)
    if not proven and caller.session:
        parts = require_form_token(parts, adapters.cookies, caller.session)
    visitor = visitor_of(request)
    try:
        # Before the body: whoever sent `Expect: 100-continue` has sent nothing yet.
        with adapters.places.taken_by(visitor):
            receipt = await adapters.receiver.receive(caller.owner, key, files_of(parts), visitor)
    except UploadRefusedError as error:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            error.code,
            _NO_FILES if error.code is ErrorCode.NO_FILES else error.detail,
            {"rejected": _rejected(error.rejected)},
        ) from error
    except ClientDisconnect:
        raise client_disconnected() from None
    if not proven and wants_page(request):
        return RedirectResponse(batch_page_url(receipt.batch_id), HTTPStatus.SEE_OTHER)
    headers = {"Location": f"/api/batches/{receipt.batch_id}"}
    return json_response(_receipt(receipt), HTTPStatus.ACCEPTED, headers)


def _idempotency_key(request: Request) -> str:
    """The key of the client (draft-ietf-httpapi-idempotency-key-header), or one of our own.

    The draft's form is a quoted string; many clients send it bare.
    """
    header = request.headers.get("idempotency-key")
    if header is None:
        return str(uuid.uuid4())
    key = header[1:-1] if len(header) > 1 and header[0] == header[-1] == '"' else header
    if not _KEY.fullmatch(key):
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "invalid_idempotency_key",
            "Idempotency-Key must have 1 to 255 printable ASCII characters.",
        )
    return key


def _check_headers(request: Request, max_body_size: int) -> None:
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "content_encoded",
            "Send the body as it is, without Content-Encoding.",
        )
    length = request.headers.get("content-length")
    if length is not None and int(length) > max_body_size:
        raise body_too_large(max_body_size)


def _receipt(receipt: Receipt) -> dict[str, Any]:
    return {
        "batch_id": receipt.batch_id,
        "task_ids": [task.task_id for _, task in receipt.accepted],
        "accepted": [
            queued_task(
                file,
                task_id=task.task_id,
                batch_id=receipt.batch_id,
                photo_id=task.photo_id,
                created_at=receipt.created_at,
            )
            for file, task in receipt.accepted
        ],
        "rejected": _rejected(receipt.rejected),
    }


def _rejected(files: Sequence[RejectedFile]) -> list[dict[str, Any]]:
    return [
        {
            "file_name": file.file_name,
            "errors": [
                {"code": rejection.code, "detail": rejection.detail}
                for rejection in file.rejections
            ],
        }
        for file in files
    ]
