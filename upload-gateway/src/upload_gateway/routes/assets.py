"""`GET /api/assets/{version}/{path}`: what the pages consist of, kept by browsers for a year."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from upload_gateway.entity_tag import KnownTags
from upload_gateway.page_assets import ASSETS_PATH, PAGE_ASSETS

router = APIRouter()

_FOR_A_YEAR = "public, max-age=31536000, immutable"
# While replicas of two versions serve side by side, the page of one may ask the other for its
# modules: it gets what there is, and asks again the next time.
_ASK_AGAIN = "no-cache"


@router.get(ASSETS_PATH + "{version}/{path:path}", include_in_schema=False)
async def asset(request: Request, version: str, path: str) -> Response:
    """A module, style, icon or catalogue."""
    found = PAGE_ASSETS.find(path)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    headers = {
        "Cache-Control": _FOR_A_YEAR if version == PAGE_ASSETS.version else _ASK_AGAIN,
        "ETag": f'"{found.tag}"',
    }
    if KnownTags(request.headers.getlist("if-none-match")).include(found.tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED.value, headers=headers)
    return Response(found.content, headers=headers, media_type=found.media_type)
