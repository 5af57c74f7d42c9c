"""`GET /api/`: the page with the upload form."""

from importlib.resources import files
from string import Template

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from photo_domain.file_format import FORMAT_BY_EXTENSION
from upload_gateway.adapters import adapters_of, caller_of
from upload_gateway.session import new_session

router = APIRouter()

_PAGE = Template((files("upload_gateway") / "web" / "home.html").read_text("utf-8"))


@router.get("/", include_in_schema=False)
async def root() -> Response:
    """Send visitors to the page."""
    return RedirectResponse("/api/")


@router.get("/api/", response_class=HTMLResponse)
async def home(request: Request) -> Response:
    """The upload form; the visitor's session begins here if there is none."""
    adapters = adapters_of(request)
    caller = caller_of(request)
    session = caller.session or new_session()
    response = HTMLResponse(
        _PAGE.substitute(
            csrf_token=adapters.cookies.csrf_token(session),
            max_files=adapters.limits.max_files,
            max_mebibytes=adapters.limits.max_file_size // 2**20,
            extensions=", ".join(FORMAT_BY_EXTENSION),
            accept=",".join(f".{extension}" for extension in FORMAT_BY_EXTENSION),
        ),
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; form-action 'self';"
            " frame-ancestors 'none'; base-uri 'none'",
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        },
    )
    if not caller.sent_key:
        adapters.cookies.write(request, response, session)
    return response
