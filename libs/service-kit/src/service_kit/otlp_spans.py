"""Spans by OpenTelemetry's SDK, sent as OTLP over HTTP. Imported by `tracing` alone, when it is on.

Samplers, limits, the batches and the headers of requests are the SDK's own variables:
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.
"""

import os
import socket
import threading
from contextlib import AbstractContextManager
from importlib.metadata import version
from types import TracebackType
from typing import Self

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from service_kit.tracing import TRACEPARENT, Span, SpanKind

# A collector that stands still must not hold up the end of a process.
_LAST_BATCH_SECONDS = 5.0

_KINDS = {
    SpanKind.INTERNAL: trace.SpanKind.INTERNAL,
    SpanKind.SERVER: trace.SpanKind.SERVER,
    SpanKind.CLIENT: trace.SpanKind.CLIENT,
    SpanKind.PRODUCER: trace.SpanKind.PRODUCER,
    SpanKind.CONSUMER: trace.SpanKind.CONSUMER,
}
# They begin where another process asked for something: what is current has no part in that.
_ENTRIES = {SpanKind.SERVER, SpanKind.CONSUMER}

# The name of the caller's span alone. No `tracestate` and no baggage: rows have no room for what
# anybody outside may write into them.
_PROPAGATOR = TraceContextTextMapPropagator()


class OtlpSpans:
    """The spans of one process, sent to `endpoint` in the background."""

    def __init__(self, endpoint: str, service: str, distribution: str) -> None:
        self._provider = TracerProvider(
            resource=Resource.create(
                {
                    "service.name": service,
                    "service.version": version(distribution),
                    "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
                }
            ),
            shutdown_on_exit=False,
        )
        # The path is the specification's: https://opentelemetry.io/docs/specs/otlp/#otlphttp-request
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer(distribution)

    def span(
        self, name: str, kind: SpanKind, parent: str | None, *, link: str | None, current: bool
    ) -> Span:
        """A span that has begun."""
        above = _extracted(parent) if parent or kind in _ENTRIES else otel_context.get_current()
        linked = [trace.Link(_named_by(link))] if link else None
        span = self._tracer.start_span(
            name,
            above,
            _KINDS[kind],
            links=linked,
            record_exception=False,
            set_status_on_exception=False,
        )
        return _Span(span, current=current)

    def traceparent(self) -> str | None:
        """That of the current span."""
        return _traceparent_of(trace.get_current_span())

    def link(self, traceparent: str) -> None:
        """Link the current span to another."""
        trace.get_current_span().add_link(_named_by(traceparent))

    def stop(self) -> None:
        """Send what is left."""
        # The SDK itself would wait for 30 s.
        last = threading.Thread(target=self._provider.shutdown, name="last-spans", daemon=True)
        last.start()
        last.join(_LAST_BATCH_SECONDS)


class _Span:
    def __init__(self, span: trace.Span, *, current: bool) -> None:
        self._span = span
        self._is_current = current
        self._is_concluded = False
        self._activation: AbstractContextManager[trace.Span] | None = None

    def __enter__(self) -> Self:
        if self._is_current:
            self._activation = trace.use_span(
                self._span, record_exception=False, set_status_on_exception=False
            )
            self._activation.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is not None and not self._is_concluded:
            self.conclude(exc_type.__name__)
        if self._activation:
            self._activation.__exit__(None, None, None)
        self.end()

    @property
    def traceparent(self) -> str | None:
        return _traceparent_of(self._span)

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def note(self, **attributes: str | int | float) -> None:
        for name, value in attributes.items():
            self._span.set_attribute(name.replace("__", "."), value)

    def conclude(self, error: str | None = None) -> None:
        self._is_concluded = True
        if error is not None:
            self._span.set_attribute("error.type", error)
            self._span.set_status(trace.StatusCode.ERROR)

    def end(self) -> None:
        if self._span.is_recording():
            self._span.end()


def _extracted(traceparent: str | None) -> otel_context.Context:
    """The context that a caller names; an empty one where it names none, or none in that form."""
    carrier = {TRACEPARENT: traceparent} if traceparent else {}
    return _PROPAGATOR.extract(carrier, otel_context.Context())


def _named_by(traceparent: str) -> trace.SpanContext:
    return trace.get_current_span(_extracted(traceparent)).get_span_context()


def _traceparent_of(span: trace.Span) -> str | None:
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, trace.set_span_in_context(span, otel_context.Context()))
    return carrier.get(TRACEPARENT)
