"""`GET /api/`: the page with the upload form."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from photo_domain.file_format import FORMAT_BY_EXTENSION
from upload_gateway.adapters import adapters_of, caller_of
from upload_gateway.session import new_session
from upload_gateway.web_page import web_page

router = APIRouter()


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
    response = web_page(
        "home.html",
        {
            "csrf_token": adapters.cookies.csrf_token(session),
            "max_files": adapters.limits.max_files,
            "max_mebibytes": adapters.limits.max_file_size // 2**20,
            "extensions": list(FORMAT_BY_EXTENSION),
        },
    )
    if not caller.sent_key:
        adapters.cookies.write(request, response, session)
    return response
