"""`/admin`: where the console is, a service of its own with an address of its own."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse


def admin_router(admin_url: str) -> APIRouter:
    """Sends people who ask the gateway for the console to the one at `admin_url`, an origin."""
    router = APIRouter()

    @router.get("/admin", include_in_schema=False)
    @router.get("/admin/{path:path}", include_in_schema=False)
    async def admin(request: Request) -> Response:
        """The same page there."""
        # Asked for by name, so that nothing of the request chooses the host.
        target = f"{admin_url}{request.url.path}"
        if request.url.query:
            target += f"?{request.url.query}"
        return RedirectResponse(target, HTTPStatus.SEE_OTHER.value)

    return router
