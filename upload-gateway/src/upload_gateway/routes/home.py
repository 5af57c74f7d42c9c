"""`GET /api/`: the page."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from upload_gateway.home_page import home_page
from upload_gateway.language import choice_of_language
from upload_gateway.openapi_parts import LANGUAGE_CHOSEN

router = APIRouter()


@router.get("/", include_in_schema=False)
async def root() -> Response:
    """Send visitors to the page."""
    return RedirectResponse("/api/")


@router.get("/api/", response_class=HTMLResponse, responses=LANGUAGE_CHOSEN)
async def home(request: Request) -> Response:
    """The page; the visitor's session begins here if there is none."""
    return choice_of_language(request) or home_page(request)
