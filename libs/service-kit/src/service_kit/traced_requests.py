"""A span for each HTTP request, under that of the caller who names one."""

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.tracing import TRACEPARENT, SpanKind, is_tracing, traced

# Asked every few seconds by whoever watches the pod; nobody follows them up.
_PROBES = {"/livez", "/readyz"}
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_HEADER = TRACEPARENT.encode("ascii")


def with_spans(app: ASGIApp) -> ASGIApp:
    """`app` with a span for each of its requests, or `app` itself where nothing is traced.

    Attributes are those of https://opentelemetry.io/docs/specs/semconv/http/http-spans/, but for
    addresses, paths and queries: they name visitors and tasks.
    """
    return _TracedRequests(app) if is_tracing() else app


class _TracedRequests:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _PROBES:
            await self._app(scope, receive, send)
            return
        status: int | None = None
        has_left = False

        async def receive_until_left() -> Message:
            nonlocal has_left
            message = await receive()
            has_left = has_left or message["type"] == "http.disconnect"
            return message

        async def send_with_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        with traced(method, SpanKind.SERVER, parent=_caller(scope)) as span:
            span.note(http__request__method=method)
            try:
                await self._app(scope, receive_until_left, send_with_status)
            except ClientDisconnect:
                # Whatever was made of it, nobody was there to see it.
                status, has_left = None, True
                raise
            except asyncio.CancelledError:
                has_left = True
                raise
            finally:
                if status is None and not has_left:
                    # The answer of the server to what answers nothing.
                    status = 500
                if route := getattr(scope.get("route"), "path", None):
                    span.rename(f"{method} {route}")
                    span.note(http__route=route)
                if status is not None:
                    span.note(http__response__status_code=status)
                span.conclude(str(status) if status is not None and status >= 500 else None)


def _caller(scope: Scope) -> str | None:
    named = [value for name, value in scope["headers"] if name == _HEADER]
    # W3C Trace Context, 3.2.1: several name nobody.
    return named[0].decode("latin-1") if len(named) == 1 else None
