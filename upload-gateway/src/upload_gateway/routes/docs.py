"""`GET /api/docs`: the description of the API to read and to try out, all from this service."""

from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

router = APIRouter()

_OWN = files("upload_gateway") / "web"
# Swagger UI as this package ships it.
_SHIPPED = files("fastapi_offline") / "static"
_JAVASCRIPT = "text/javascript; charset=utf-8"
_ASSETS: dict[str, tuple[Traversable, str]] = {
    "docs.js": (_OWN / "docs.js", _JAVASCRIPT),
    "swagger-ui-bundle.js": (_SHIPPED / "swagger-ui-bundle.js", _JAVASCRIPT),
    "swagger-ui.css": (_SHIPPED / "swagger-ui.css", "text/css; charset=utf-8"),
    "favicon.png": (_SHIPPED / "favicon.png", "image/png"),
}

# Swagger UI has icons in data addresses and styles at its elements, but no script in the page.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'none'"
)


@router.get("/api/docs", include_in_schema=False)
async def docs() -> Response:
    """The page."""
    return Response(
        (_OWN / "docs.html").read_bytes(),
        media_type="text/html",
        headers={
            "Cache-Control": "no-cache",
            "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
        },
    )


@router.get("/api/docs/{name}", include_in_schema=False)
async def asset(name: str) -> Response:
    """What the page consists of."""
    if name not in _ASSETS:
        raise HTTPException(404)
    file, media_type = _ASSETS[name]
    return Response(
        file.read_bytes(),
        media_type=media_type,
        headers={"Cache-Control": "public, max-age=3600"},
    )
