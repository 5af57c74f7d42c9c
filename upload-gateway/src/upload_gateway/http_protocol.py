"""HTTP/1.1 on uvicorn, with bounds that uvicorn itself lacks.

Headers have a size and a time, a body that nobody reads any more has an end, and so has an answer
that its client does not read.
"""

import asyncio
from http import HTTPStatus

import orjson
import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# More than browsers send with every cookie; nginx allows 32 KiB.
MAX_HEADER_SIZE = 64 * 1024
# How long a connection may take to bring the headers of a request, in seconds.
HEADER_SECONDS = 20.0
# How long the rest of a body is swallowed after its answer, so that the client sees the answer.
UNREAD_BODY_SECONDS = 10.0
# How long what was written may wait in memory for its client to read on, in seconds.
READER_SECONDS = 30.0

_log = structlog.get_logger(__name__)


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a first request soon."""
        super().connection_made(transport)
        self._in_headers = True
        self._header_size = 0
        self._in_body = False
        self._deadline = self.loop.call_later(HEADER_SECONDS, self._headers_late)
        self._reader_deadline: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadlines."""
        self._deadline.cancel()
        self._forget_reader()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, and refuse headers that go on for too long."""
        super().data_received(data)
        if self._in_headers:
            self._header_size += len(data)
            if self._header_size > MAX_HEADER_SIZE:
                self._refuse(
                    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                    "headers_too_large",
                    f"The headers must not be larger than {MAX_HEADER_SIZE} bytes.",
                )
        elif self._is_idle() and self._deadline.cancelled():
            # An empty line between requests begins none (RFC 9112 2.2), yet it stopped uvicorn's
            # timer. One deadline for all that follow, else they would renew it for ever.
            self._expect_within(HEADER_SECONDS)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_headers = self._in_body = True
        self._header_size = 0
        self._expect_within(HEADER_SECONDS)

    def on_headers_complete(self) -> None:
        """The request is the app's from here on."""
        self._in_headers = False
        self._deadline.cancel()
        if not self.flow.write_paused:
            # What is left of the last answer goes out before the next one.
            self._forget_reader()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is here."""
        self._in_body = False
        self._deadline.cancel()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The app has answered; what is left of the body is dropped, but not for ever."""
        super().on_response_complete()
        if self._in_body and not self._in_headers:
            self._expect_within(UNREAD_BODY_SECONDS)
        self._expect_reader()

    def pause_writing(self) -> None:
        """The client reads slower than the app writes."""
        super().pause_writing()
        self._expect_reader()

    def resume_writing(self) -> None:
        """The client has read on."""
        self._forget_reader()
        super().resume_writing()

    def _is_idle(self) -> bool:
        return not self._in_body and (self.cycle is None or self.cycle.response_complete)

    def _expect_reader(self) -> None:
        if self._reader_deadline is None:
            self._reader_deadline = self.loop.call_later(READER_SECONDS, self._reader_late)

    def _forget_reader(self) -> None:
        if self._reader_deadline is not None:
            self._reader_deadline.cancel()
            self._reader_deadline = None

    def _reader_late(self) -> None:
        self._reader_deadline = None
        if self.transport.get_write_buffer_size():
            _log.info("http_reader_too_slow")
            # Not `close`, which waits for the client to read the rest.
            self.transport.abort()

    def _expect_within(self, seconds: float) -> None:
        self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self._headers_late)

    def _headers_late(self) -> None:
        if self._in_headers and self._header_size:
            self._refuse(
                HTTPStatus.REQUEST_TIMEOUT,
                "headers_too_slow",
                f"The headers must arrive within {HEADER_SECONDS:.0f} s.",
            )
        elif not self.transport.is_closing():
            self.transport.close()

    def _refuse(self, status: HTTPStatus, code: str, detail: str) -> None:
        if self.transport.is_closing():
            return
        problem = {
            "type": "about:blank",
            "title": status.phrase,
            "status": status.value,
            "code": code,
            "detail": detail,
        }
        body = orjson.dumps(problem)
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            "content-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()
