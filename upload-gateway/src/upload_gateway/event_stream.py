"""Server-sent events (HTML standard, 9.2) as this service sends them."""

from collections.abc import AsyncIterable

import structlog
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

# Proxies cut connections off that are silent for a minute.
HEARTBEAT_SECONDS = 15
# Who reads nothing for so long comes back later: events wait in memory meanwhile.
_READER_SECONDS = 30.0

_log = structlog.get_logger(__name__)


class EventStream(EventSourceResponse):
    """Events with heartbeat comments between them, until there are no more or the client leaves."""

    def __init__(self, events: AsyncIterable[ServerSentEvent]) -> None:
        super().__init__(events, ping=HEARTBEAT_SECONDS, sep="\n", send_timeout=_READER_SECONDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events; to a HEAD, which RequestEdge shows as GET, the headers alone."""
        if scope.get("is_head"):
            scope = {**scope, "method": "HEAD"}
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            _log.info("event_reader_too_slow")
