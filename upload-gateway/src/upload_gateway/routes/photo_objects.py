"""`GET /api/tasks/{task_id}/renditions/{name}` and `…/original`: the bytes of a photo."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from upload_gateway.adapters import adapters_of, viewer_of
from upload_gateway.problems import ProblemDocument
from upload_gateway.status_client import ReadObject

router = APIRouter()

_NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"model": ProblemDocument, "description": "unknown_task, unknown_object"}
}
# A rendition never changes under its address, and only its viewer's browser may keep it.
_CACHING = "private, max-age=31536000, immutable"


@router.get("/api/tasks/{task_id}/renditions/{name}", responses=_NOT_FOUND)
async def rendition(request: Request, task_id: str, name: str) -> StreamingResponse:
    """A smaller copy of a photo, made by this service."""
    status = adapters_of(request).status
    return _stream(await status.open_rendition(task_id, name, viewer_of(request)))


@router.get("/api/tasks/{task_id}/original", responses=_NOT_FOUND)
async def original(request: Request, task_id: str) -> StreamingResponse:
    """The file as it was uploaded, for its owner: only ever as a download."""
    status = adapters_of(request).status
    opened = await status.open_original(task_id, viewer_of(request))
    response = _stream(opened)
    # RFC 6266 with RFC 8187, so that every name survives.
    response.headers["Content-Disposition"] = (
        f"attachment; filename*=UTF-8''{quote(opened.file_name, safe='')}"
    )
    return response


def _stream(opened: ReadObject) -> StreamingResponse:
    return StreamingResponse(
        opened.chunks,
        media_type=opened.content_type,
        headers={
            "Content-Length": str(opened.size),
            "Cache-Control": _CACHING,
            "X-Content-Type-Options": "nosniff",
        },
    )
