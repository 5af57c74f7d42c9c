"""Builds the app of the console."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware

from admin_console.console import Console
from admin_console.error_pages import EXCEPTION_HANDLERS
from admin_console.records import mount_records
from admin_console.routes.all_routes import ROUTES
from admin_console.session_guard import SessionGuard
from service_kit.request_edge import RequestEdge
from service_kit.tracing import stop_tracing

# Tabler's pictures are data: addresses in its styles.
_CONTENT_SECURITY_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    b" connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_BROWSER_RULES = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", _CONTENT_SECURITY_POLICY),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)


def build_app(open_console: Callable[[], AbstractAsyncContextManager[Console]]) -> RequestEdge:
    """The app; what `open_console` opens lives as long as the app does."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_console() as console:
            app.state.console = console
            mount_records(app, console.engine)
            yield
        await asyncio.to_thread(stop_tracing)

    app = Starlette(
        routes=ROUTES,
        middleware=[Middleware(SessionGuard)],
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=lifespan,
    )
    # Outside of everything: an answer to an unexpected error has its id too.
    return RequestEdge(app, _BROWSER_RULES)
