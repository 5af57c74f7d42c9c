"""What surrounds every HTTP request: its id, metrics, headers that browsers obey, HEAD as GET."""

import time
from collections.abc import Sequence

import structlog
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.request_id import REQUEST_ID_HEADER, request_id_of
from service_kit.traced_requests import with_spans

# In seconds: from what is in memory to uploads over slow lines; streams of events last longer.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_SECONDS = Histogram(
    "http_request_seconds", "Time from first to last byte", ["method", "route"], buckets=_BUCKETS
)
_REQUESTS = Counter("http_requests_total", "Requests by answer", ["method", "route", "status"])

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

# Nothing loads, nothing runs, nothing frames what is answered.
STRICT_RULES = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


class RequestEdge:
    """ASGI middleware.

    `browser_rules` are the headers of answers that set none of that name themselves.
    """

    def __init__(
        self, app: ASGIApp, browser_rules: Sequence[tuple[bytes, bytes]] = STRICT_RULES
    ) -> None:
        self._app = with_spans(app)
        self._browser_rules = browser_rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "other"
        if method == "HEAD":
            # RFC 9110 9.3.2: GET without the content, which the server leaves out by itself.
            scope = {**scope, "method": "GET", "is_head": True}
        request_id = request_id_of(scope["headers"])
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = 500
        started = time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"]
                headers.append((REQUEST_ID_HEADER, request_id.encode()))
                named = {name.lower() for name, _ in headers}
                headers.extend(rule for rule in self._browser_rules if rule[0] not in named)
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            # The route's template, never its address: labels must stay few.
            route = getattr(scope.get("route"), "path", "unknown")
            _SECONDS.labels(method, route).observe(time.perf_counter() - started)
            # With the first request of a route, so that its first fault is an increase.
            _REQUESTS.labels(method, route, 500)
            _REQUESTS.labels(method, route, status).inc()
