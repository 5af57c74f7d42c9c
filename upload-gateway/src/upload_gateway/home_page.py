"""The page that photos are uploaded on; where keys are required, first the one to sign in on."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from photo_domain.file_format import FORMAT_BY_EXTENSION
from upload_gateway.adapters import adapters_of, caller_of
from upload_gateway.language import language_of
from upload_gateway.page_assets import PAGE_ASSETS
from upload_gateway.session import new_session
from upload_gateway.web_page import web_page


def asks_for_key(request: Request) -> bool:
    """Whether the page is the one to sign in on, for this visitor."""
    return adapters_of(request).keys_required and caller_of(request).key is None


def home_page(
    request: Request, status: HTTPStatus = HTTPStatus.OK, *, problem_code: str = ""
) -> Response:
    """The page; a session begins with it if there is none.

    `problem_code`: why signing in failed.
    """
    adapters = adapters_of(request)
    caller = caller_of(request)
    session = caller.session or new_session()
    csrf_token = adapters.cookies.csrf_token(session)
    response = web_page(
        request,
        "home.html",
        {
            "csrf_token": csrf_token,
            "max_files": adapters.limits.max_files,
            "max_mebibytes": adapters.limits.max_file_size // 2**20,
            "extensions": list(FORMAT_BY_EXTENSION),
            "modules": PAGE_ASSETS.modules_of("main.js"),
            "may_upload": not asks_for_key(request),
            "problem_code": problem_code,
            # What page_settings.js reads.
            "page_settings": {
                "language": language_of(request),
                "csrfToken": csrf_token,
                "authRequired": adapters.keys_required,
                "signedIn": caller.key is not None,
            },
        },
        status,
    )
    if not caller.sent_key:
        adapters.cookies.write(request, response, session)
    return response
