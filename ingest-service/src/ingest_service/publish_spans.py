"""The part of publishing in the traces of uploads."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from photo_records.task_queue import TASK_NAME
from service_kit.tracing import Span, SpanKind, is_tracing, traced

if TYPE_CHECKING:
    from ingest_service.task_publisher import TaskMessage

# Why the first message of a run is published; the relay has reasons of its own.
NEW_RUN = "new_run"


@contextmanager
def traced_publishing(
    messages: Sequence["TaskMessage"], reason: str
) -> Iterator[Sequence["TaskMessage"]]:
    """`messages` as they are to be published, under a span in the trace of each upload.

    Many uploads share a round trip, which none of their requests waits for: no span that is current
    could be the parent. `opentelemetry-instrumentation-celery` knows only that one.
    """
    if not is_tracing():
        yield messages
        return
    with ExitStack() as stack:
        spans: dict[tuple[str, str | None], Span] = {}
        for message in messages:
            if message.traceparent is not None:
                key = (message.traceparent, message.link)
                if key not in spans:
                    spans[key] = stack.enter_context(_begun(message, reason))
        yield [
            replace(message, traceparent=spans[message.traceparent, message.link].traceparent)
            if message.traceparent is not None
            else message
            for message in messages
        ]


def _begun(message: "TaskMessage", reason: str) -> Span:
    span = traced(
        f"publish {TASK_NAME}",
        SpanKind.PRODUCER,
        parent=message.traceparent,
        link=message.link,
        # Threads and tasks take turns meanwhile.
        current=False,
    )
    span.note(
        messaging__system="redis",
        messaging__destination__name=message.lane,
        messaging__operation__type="send",
        photo__batch_id=message.batch_id,
        photo__publish_reason=reason,
    )
    return span
