"""HTTP/1.1 on uvicorn, with bounds that uvicorn itself lacks.

Headers have a size, a number and a time, and so have trailers; a body that nobody reads any more
has an end, and so has an answer that its client does not read; only so many requests wait on a
connection for their turn. What cannot be read is answered as a problem (RFC 9457).
"""

import asyncio
from http import HTTPStatus
from typing import Any

import httptools
import orjson
import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service_kit.slow_reader import SlowReader

# More than browsers send with every cookie; nginx allows 32 KiB.
MAX_HEADER_SIZE = 64 * 1024
# As many as Apache httpd and gunicorn allow. Trailers count too.
MAX_HEADERS = 100
# How many requests of a connection may wait for the answer to one before them (RFC 9112 9.3.2).
MAX_PIPELINED = 16
# How long a connection may take to bring the headers of a request, in seconds.
HEADER_SECONDS = 20.0
# How long the rest of a body is swallowed after its answer, so that the client sees the answer.
UNREAD_BODY_SECONDS = 10.0

_log = structlog.get_logger(__name__)


class RequestRefused(Exception):  # noqa: N818 - it is the answer, not a fault
    """Why a request is not read on; `code` is stable for programs."""

    def __init__(self, status: HTTPStatus, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a first request soon."""
        super().connection_made(transport)
        self._in_headers = True
        self._in_body = False
        # Of the message that arrives: its headers and trailers, their size with that of the
        # address, and all bytes that are not body and came since the last that were.
        self._header_count = 0
        self._header_size = 0
        self._bytes_without_body = 0
        self._refusal: RequestRefused | None = None
        self._is_upgrade = False
        # The request that is answered now; `cycle` is the one that arrived last.
        self._running: RequestResponseCycle | None = None
        self._deadline = self.loop.call_later(HEADER_SECONDS, self._headers_late)
        self._reader = SlowReader(transport, self._reader_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadlines, and tell whoever answers that nobody listens any more."""
        self._deadline.cancel()
        self._reader.forget()
        running = self._running
        if running is not None and running is not self.cycle and not running.response_complete:
            # uvicorn tells only the request that arrived last: an event stream with another
            # request behind it would go on, for nobody.
            running.disconnected = True
            running.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, and refuse what goes on for too long without being a body."""
        self._bytes_without_body += len(data)
        self._unset_keepalive_if_required()
        self._parse(data)
        if self._in_headers or self._in_body:
            if self._bytes_without_body > MAX_HEADER_SIZE:
                self._end_with(_headers_too_large())
        elif self._is_idle() and self._deadline.cancelled():
            # An empty line between requests begins none (RFC 9112 2.2), yet it stopped uvicorn's
            # timer. One deadline for all that follow, else they would renew it for ever.
            self._expect_within(HEADER_SECONDS)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_headers = self._in_body = True
        self._header_count = self._header_size = 0
        self._expect_within(HEADER_SECONDS)

    def on_url(self, url: bytes) -> None:
        """Take some of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or drop a trailer: nobody asks for one (RFC 9110 6.5.1)."""
        self._header_count += 1
        self._count(len(name) + len(value))
        if self._in_headers:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The request is the app's from here on."""
        codings = [value for name, value in self.headers if name == b"transfer-encoding"]
        if codings and (len(codings) > 1 or codings[0].lower() != b"chunked"):
            self._give_up(_unknown_coding())
        if len(self.pipeline) >= MAX_PIPELINED:
            self._give_up(_malformed())
        if self.parser.should_upgrade():
            self._is_upgrade = True
            return
        super().on_headers_complete()
        self._in_headers = False
        self._deadline.cancel()
        if not self.flow.write_paused:
            # What is left of the last answer goes out before the next one.
            self._reader.forget()

    def on_body(self, body: bytes) -> None:
        """Some of the body is here."""
        self._bytes_without_body = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The body is here."""
        if self._is_upgrade:
            return
        self._in_body = False
        self._bytes_without_body = 0
        self._deadline.cancel()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The app has answered; what is left of the body is dropped, but not for ever."""
        super().on_response_complete()
        if self._in_body and not self._in_headers:
            self._expect_within(UNREAD_BODY_SECONDS)
        self._reader.watch()

    def pause_writing(self) -> None:
        """The client reads slower than the app writes."""
        super().pause_writing()
        self._reader.watch()

    def resume_writing(self) -> None:
        """The client has read on."""
        self._reader.forget()
        super().resume_writing()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self.parser.get_method() == b"CONNECT":
                self._end_with(_malformed())
            else:
                self._ignore_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._end_with(self._refusal or _malformed())

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Read the request anew as one that asks for no other protocol (RFC 9110 7.8).

        llhttp takes no body of one that does, and Java's client asks for HTTP/2 with each.
        """
        self._is_upgrade = False
        version = self.parser.get_http_version().encode("ascii")
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version)]
        lines += [b"%s: %s" % each for each in self.headers if each[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        # As uvicorn does.
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._parse(b"\r\n".join([*lines, b"", rest]))

    def _is_idle(self) -> bool:
        return not self._in_body and (self.cycle is None or self.cycle.response_complete)

    def _reader_late(self) -> None:
        _log.info("http_reader_too_slow")
        # Not `close`, which waits for the client to read the rest.
        self.transport.abort()

    def _expect_within(self, seconds: float) -> None:
        self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self._headers_late)

    def _headers_late(self) -> None:
        if self._in_headers and self._in_body:
            self._end_with(
                RequestRefused(
                    HTTPStatus.REQUEST_TIMEOUT,
                    "headers_too_slow",
                    f"The headers must arrive within {HEADER_SECONDS:.0f} s.",
                )
            )
        elif not self.transport.is_closing():
            self.transport.close()

    def _count(self, size: int) -> None:
        self._header_size += size
        if self._header_count > MAX_HEADERS or self._header_size > MAX_HEADER_SIZE:
            self._give_up(_headers_too_large())

    def _give_up(self, refusal: RequestRefused) -> None:
        """Stop the parser in the midst of what it has got."""
        self._refusal = refusal
        raise refusal

    def _end_with(self, refusal: RequestRefused) -> None:
        if self.transport.is_closing():
            return
        _log.info("http_request_refused", code=refusal.code)
        if self._is_heard():
            self.transport.write(_answer(refusal))
        self.transport.close()

    def _is_heard(self) -> bool:
        """Whether an answer now would be taken for the one to the message that arrives."""
        running = self._running
        if self._in_body and not self._in_headers:
            return running is not None and running is self.cycle and not running.response_started
        return running is None or running.response_complete


def _answer(refusal: RequestRefused) -> bytes:
    body = orjson.dumps(
        {
            "type": "about:blank",
            "title": refusal.status.phrase,
            "status": refusal.status.value,
            "code": refusal.code,
            "detail": refusal.detail,
        }
    )
    head = (
        f"HTTP/1.1 {refusal.status.value} {refusal.status.phrase}\r\n"
        f"content-type: application/problem+json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode("ascii") + body


def _headers_too_large() -> RequestRefused:
    return RequestRefused(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "headers_too_large",
        f"The address and headers must not be larger than {MAX_HEADER_SIZE} bytes,"
        f" nor the headers more than {MAX_HEADERS}.",
    )


def _unknown_coding() -> RequestRefused:
    # RFC 9112 6.1.
    return RequestRefused(
        HTTPStatus.NOT_IMPLEMENTED,
        "unknown_transfer_coding",
        "The only Transfer-Encoding that is understood is chunked.",
    )


def _malformed() -> RequestRefused:
    return RequestRefused(
        HTTPStatus.BAD_REQUEST,
        "malformed_request",
        "The request cannot be read: it does not follow HTTP/1.1 (RFC 9112).",
    )
