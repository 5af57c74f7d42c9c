"""Spans of what a service does, for a collector of traces; nothing at all without one.

A span belongs to the trace of whoever asked: the caller's `traceparent` (W3C Trace Context,
https://www.w3.org/TR/trace-context/) goes from the browser's request through RPCs, rows and
messages to the worker. OpenTelemetry is imported only where spans have somewhere to go.
"""

from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from service_kit.settings import TracedSettings

# In HTTP requests, gRPC metadata and the headers of messages alike.
TRACEPARENT = "traceparent"


class SpanKind(StrEnum):
    """On which side of which boundary the work is done."""

    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"
    PRODUCER = "producer"
    CONSUMER = "consumer"


class Span(Protocol):
    """A piece of work, for as long as the `with` block lasts, or until `end`.

    An exception that leaves the block makes it failed, by the exception's type: never with its
    text. Names of files and owners and what is in a photo are no attributes.
    """

    def __enter__(self) -> Self:
        """Begin the block."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the block, and the span with it."""

    @property
    def traceparent(self) -> str | None:
        """What names this span to whoever goes on with the work."""

    def rename(self, name: str) -> None:
        """Call it otherwise than at its beginning."""

    def note(self, **attributes: str | int | float) -> None:
        """Add attributes; `a__b` stands for `a.b`."""

    def conclude(self, error: str | None = None) -> None:
        """Say how the work ended: well, or with a code of few values.

        An exception that leaves the block says nothing more then.
        """

    def end(self) -> None:
        """End it where there is no block; a second time changes nothing."""


class SpanMaker(Protocol):
    """Makes spans and sends them; see the functions of this module."""

    def span(
        self, name: str, kind: SpanKind, parent: str | None, *, link: str | None, current: bool
    ) -> Span:
        """A span that has begun."""

    def traceparent(self) -> str | None:
        """That of the current span."""

    def link(self, traceparent: str) -> None:
        """Link the current span to another."""

    def stop(self) -> None:
        """Send what is left, within seconds."""


class _NoSpan:
    """Does nothing; the same for everybody."""

    traceparent = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def rename(self, name: str) -> None:
        pass

    def note(self, **attributes: str | int | float) -> None:
        pass

    def conclude(self, error: str | None = None) -> None:
        pass

    def end(self) -> None:
        pass


_NO_SPAN = _NoSpan()
_maker: SpanMaker | None = None


def start_tracing(settings: "TracedSettings", service: str, distribution: str) -> None:
    """Send the spans of this process to OTEL_EXPORTER_OTLP_ENDPOINT from now on, where it is set.

    To be called before servers and channels are built, which ask `is_tracing`; in a pool of
    processes by each after its fork: threads and connections belong to one process.
    """
    global _maker  # noqa: PLW0603 - one for the process, as its logging and its metrics are
    if settings.otel_exporter_otlp_endpoint is None:
        return
    # Here, so that whoever traces nothing loads none of it.
    from service_kit.otlp_spans import OtlpSpans  # noqa: PLC0415

    _maker = OtlpSpans(settings.otel_exporter_otlp_endpoint, service, distribution)


def stop_tracing() -> None:
    """Send what is left, for at most 5 s; spans that end later are lost."""
    global _maker
    maker, _maker = _maker, None
    if maker:
        maker.stop()


def is_tracing() -> bool:
    """Whether spans have somewhere to go."""
    return _maker is not None


def traced(
    name: str,
    kind: SpanKind = SpanKind.INTERNAL,
    *,
    parent: str | None = None,
    link: str | None = None,
    current: bool = True,
) -> Span:
    """A span that begins now, under the traceparent `parent` or else the current span.

    A `parent` that is none, or malformed, begins a new trace at a server and a consumer. `link` is
    the traceparent of work that this has to do with. While a block lasts whose span is `current`,
    spans that begin in its task or thread are under it; calls that end in another task than they
    began in must not be.
    """
    if _maker is None:
        return _NO_SPAN
    return _maker.span(name, kind, parent, link=link, current=current)


def traceparent() -> str | None:
    """What names the current span to whoever goes on with its work; None without one."""
    return _maker.traceparent() if _maker else None


def link_to(other: str | None) -> None:
    """Let the current span point to the span that the traceparent `other` names."""
    if _maker and other:
        _maker.link(other)
