"""HTTP/1.1 on uvicorn, with bounds that uvicorn itself lacks.

Headers have a size and a time, and a body that nobody reads any more has an end.
"""

import asyncio
from http import HTTPStatus

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# More than browsers send with every cookie; nginx allows 32 KiB.
MAX_HEADER_SIZE = 64 * 1024
# How long a connection may take to bring the headers of a request, in seconds.
HEADER_SECONDS = 20.0
# How long the rest of a body is swallowed after its answer, so that the client sees the answer.
UNREAD_BODY_SECONDS = 10.0


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a first request soon."""
        super().connection_made(transport)
        self._in_headers = True
        self._header_size = 0
        self._in_body = False
        self._deadline = self.loop.call_later(HEADER_SECONDS, self._headers_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._deadline.cancel()
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
