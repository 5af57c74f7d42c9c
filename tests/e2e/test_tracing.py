"""One trace tells what became of an upload, from the browser's request to the worker's steps."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from local_stack.running_stack import RunningStack, temporary_stack

STEPS = {
    *("claim", "read_original", "probe", "read_metadata", "decode", "make_renditions"),
    *("make_placeholder", "store_renditions", "finish"),
}
UPLOAD = "POST /api/upload/"
PUBLISH = "publish image_handler"
RUN = "image_handler"
REGISTER = "photo.ingest.v1.IngestService/RegisterBatch"
RETRY = "photo.ingest.v1.IngestService/RetryTask"
GET_TASK = "photo.status.v1.StatusService/GetTask"


def caller() -> tuple[str, str, dict[str, str]]:
    """A trace that a browser has begun: its id, that of its span, and the header."""
    trace_id, span_id = secrets.token_hex(16), secrets.token_hex(8)
    return trace_id, span_id, {"traceparent": f"00-{trace_id}-{span_id}-01"}


class Trace:
    """The spans of one trace."""

    def __init__(self, collector: Any, trace_id: str) -> None:
        self._collector = collector
        self._trace_id = trace_id

    def wait_for(self, counts: dict[str, int]) -> None:
        """Wait until there are so many spans of each of these names."""
        self._collector.wait_until(
            lambda: all(len(self.named(name)) >= count for name, count in counts.items())
        )

    def all(self) -> list[Any]:
        return [each for each in self._collector.spans if each.trace_id == self._trace_id]

    def named(self, name: str, kind: str | None = None) -> list[Any]:
        return [each for each in self.all() if each.name == name and kind in {None, each.kind}]

    def only(self, name: str, kind: str | None = None) -> Any:
        (span,) = self.named(name, kind)
        return span

    def under(self, parent: Any) -> set[str]:
        return {each.name for each in self.all() if each.parent_id == parent.span_id}


@pytest.fixture
def traced_stack(trace_collector: Any) -> Iterator[RunningStack]:
    told = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": trace_collector.endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "50",
        "WORKER_CONCURRENCY": "1",
    }
    with temporary_stack(told) as stack:
        yield stack


def test_one_trace_leads_from_the_browser_through_rpc_row_and_message_to_each_step(
    traced_stack: RunningStack, trace_collector: Any, make_api: Any, jpeg: bytes
) -> None:
    api = make_api(traced_stack.base_url)
    trace_id, span_id, header = caller()
    api.http.headers.update(header)
    task_ids = api.upload([("holiday of ann.jpg", jpeg), ("b.jpg", jpeg)]).json()["task_ids"]
    del api.http.headers["traceparent"]
    api.wait(task_ids)
    trace = Trace(trace_collector, trace_id)
    trace.wait_for({UPLOAD: 1, REGISTER: 2, PUBLISH: 1, RUN: 2})
    request = trace.only(UPLOAD)
    assert (request.service, request.kind, request.parent_id) == (
        "upload-gateway",
        "SERVER",
        span_id,
    )
    assert request.attributes["http.response.status_code"] == 202
    call = trace.only(REGISTER, "CLIENT")
    assert (call.service, call.parent_id) == ("upload-gateway", request.span_id)
    answer = trace.only(REGISTER, "SERVER")
    assert (answer.service, answer.parent_id) == ("ingest-service", call.span_id)
    publishing = trace.only(PUBLISH)
    assert (publishing.kind, publishing.parent_id) == ("PRODUCER", answer.span_id)
    runs = trace.named(RUN)
    assert {each.attributes["photo.task_id"] for each in runs} == set(task_ids)
    for run in runs:
        assert (run.service, run.kind, run.parent_id) == ("worker", "CONSUMER", publishing.span_id)
        assert run.attributes["photo.outcome"] == "success"
        assert trace.under(run) == STEPS
    assert not any(each.is_error for each in trace.all())
    told = repr(trace_collector.spans)
    assert "holiday" not in told
    assert {each.service for each in trace.all()} == {"upload-gateway", "ingest-service", "worker"}


def test_a_poll_is_traced_into_the_status_service_and_probes_are_not(
    traced_stack: RunningStack, trace_collector: Any, make_api: Any, jpeg: bytes
) -> None:
    api = make_api(traced_stack.base_url)
    (task_id,) = api.upload([("a.jpg", jpeg)]).json()["task_ids"]
    trace_id, _, header = caller()
    api.http.get("/readyz")
    assert api.http.get(f"/api/task-status/{task_id}", headers=header).status_code == 200
    trace = Trace(trace_collector, trace_id)
    trace.wait_for({"GET /api/task-status/{task_id}": 1, GET_TASK: 2})
    trace_collector.wait_until(lambda: any(each.name == UPLOAD for each in trace_collector.spans))
    answer = trace.only(GET_TASK, "SERVER")
    assert answer.service == "status-service"
    assert answer.parent_id == trace.only(GET_TASK, "CLIENT").span_id
    # What nobody named begins a trace of its own.
    others = {each.trace_id for each in trace_collector.spans if each.name == UPLOAD}
    assert len(others) == 1
    assert trace_id not in others
    assert not [each for each in trace_collector.spans if "readyz" in each.name]
    assert not [each for each in trace_collector.spans if "Health" in each.name]
