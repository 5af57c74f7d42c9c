"""`GET /api/tasks/{task_id}/renditions/{name}` and `…/original`: the bytes of a photo."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from photo_domain.file_format import FORMAT_BY_CONTENT_TYPE
from upload_gateway.adapters import adapters_of, viewer_of
from upload_gateway.openapi_parts import response_headers
from upload_gateway.problems import ProblemDocument
from upload_gateway.status_client import ReadObject

router = APIRouter()

# What a browser may show. Whatever the uploader named a file, nothing else is ever shown.
RENDITION_TYPES = ("image/webp", "image/avif", "image/jpeg")
_UNKNOWN_TYPE = "application/octet-stream"

# A rendition never changes under its address, and only its viewer's browser may keep it.
_CACHING = "private, max-age=31536000, immutable"

_log = structlog.get_logger(__name__)


_HEADERS = {"Cache-Control": _CACHING, "Content-Length": "The size in bytes"}
_DISPOSITION = {"Content-Disposition": "`attachment` with the file's name (RFC 6266, RFC 8187)"}


def _responses(
    content_types: Iterable[str], headers: Mapping[str, str]
) -> dict[int | str, dict[str, Any]]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {
        200: {
            "content": dict.fromkeys(content_types, binary),
            "description": "The bytes",
            "headers": response_headers(headers),
        },
        404: {"model": ProblemDocument, "description": "unknown_task, unknown_object"},
        503: {
            "model": ProblemDocument,
            "description": "database_unavailable, storage_unavailable, service_unavailable",
        },
    }


@router.get(
    "/api/tasks/{task_id}/renditions/{name}",
    response_class=StreamingResponse,
    responses=_responses(RENDITION_TYPES, _HEADERS),
)
async def rendition(request: Request, task_id: str, name: str) -> StreamingResponse:
    """A smaller copy of a photo, made by this service."""
    status = adapters_of(request).status
    opened = await status.open_rendition(task_id, name, viewer_of(request))
    if opened.content_type in RENDITION_TYPES:
        return _stream(opened, opened.content_type)
    _log.error("rendition_of_unknown_type", content_type=opened.content_type)
    return _stream(opened, _UNKNOWN_TYPE, {"Content-Disposition": "attachment"})


@router.get(
    "/api/tasks/{task_id}/original",
    response_class=StreamingResponse,
    responses=_responses(FORMAT_BY_CONTENT_TYPE, _HEADERS | _DISPOSITION),
)
async def original(request: Request, task_id: str) -> StreamingResponse:
    """The file as it was uploaded, for its owner: only ever as a download."""
    status = adapters_of(request).status
    opened = await status.open_original(task_id, viewer_of(request))
    known = opened.content_type in FORMAT_BY_CONTENT_TYPE
    # RFC 6266 with RFC 8187, so that every name survives.
    disposition = f"attachment; filename*=UTF-8''{quote(opened.file_name, safe='')}"
    return _stream(
        opened,
        opened.content_type if known else _UNKNOWN_TYPE,
        {"Content-Disposition": disposition},
    )


def _stream(
    opened: ReadObject, content_type: str, headers: Mapping[str, str] | None = None
) -> StreamingResponse:
    return StreamingResponse(
        opened.chunks,
        media_type=content_type,
        headers={
            "Content-Length": str(opened.size),
            "Cache-Control": _CACHING,
            # Should these bytes be opened as a page after all, it can load and run nothing.
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            **(headers or {}),
        },
    )
