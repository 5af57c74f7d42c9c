"""One trace tells what became of an upload, from the browser's request to the worker's steps."""

import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from local_stack.running_stack import RunningStack, temporary_stack

UPLOAD = "POST /api/upload/"
POLL = "GET /api/task-status/{task_id}"
REGISTER = "photo.ingest.v1.IngestService/RegisterBatch"
RETRY = "photo.ingest.v1.IngestService/RetryTask"
GET_TASK = "photo.status.v1.StatusService/GetTask"
PUBLISH = "publish image_handler"
RUN = "image_handler"
STEPS = {
    *("claim", "read_original", "probe", "read_metadata", "decode", "make_renditions"),
    *("make_placeholder", "store_renditions", "finish"),
}


class Trace:
    """The spans of a trace that a browser has begun."""

    def __init__(self, collector: Any) -> None:
        self._collector = collector
        self.trace_id = secrets.token_hex(16)
        self.span_id = secrets.token_hex(8)
        self.header = {"traceparent": f"00-{self.trace_id}-{self.span_id}-01"}

    def wait_for(self, counts: dict[str, int]) -> None:
        """Wait until there are so many spans of each of these names."""
        self._collector.wait_until(
            lambda: all(len(self.named(name)) >= count for name, count in counts.items())
        )

    def all(self) -> list[Any]:
        return [each for each in self._collector.spans if each.trace_id == self.trace_id]

    def named(self, name: str) -> list[Any]:
        return [each for each in self.all() if each.name == name]

    def only(self, name: str, kind: str) -> Any:
        (span,) = [each for each in self.named(name) if each.kind == kind]
        return span

    def under(self, parent: Any) -> set[str]:
        return {each.name for each in self.all() if each.parent_id == parent.span_id}


@pytest.fixture(scope="module")
def traced_stack(trace_collector: Any) -> Iterator[RunningStack]:
    told = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": trace_collector.endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "50",
        "WORKER_CONCURRENCY": "1",
    }
    with temporary_stack(told) as stack:
        yield stack


@pytest.fixture
def begin_trace(trace_collector: Any) -> Callable[[], Trace]:
    return lambda: Trace(trace_collector)


@pytest.fixture
def visitor(traced_stack: RunningStack, make_api: Any) -> Any:
    return make_api(traced_stack.base_url)


def upload(visitor: Any, trace: Trace, *files: tuple[str, bytes]) -> list[str]:
    parts = [("images", each) for each in files]
    answer = visitor.http.post("/api/upload/", files=parts, headers=trace.header)
    assert answer.status_code == 202
    return list(answer.json()["task_ids"])


def test_one_trace_leads_from_the_browser_through_rpc_row_and_message_to_each_step(
    visitor: Any, trace_collector: Any, begin_trace: Any, jpeg: bytes
) -> None:
    trace = begin_trace()
    task_ids = upload(visitor, trace, ("holiday of ann.jpg", jpeg), ("b.jpg", jpeg))
    visitor.wait(task_ids)
    trace.wait_for({UPLOAD: 1, REGISTER: 2, PUBLISH: 1, RUN: 2})
    request = trace.only(UPLOAD, "SERVER")
    assert (request.service, request.parent_id) == ("upload-gateway", trace.span_id)
    assert request.attributes["http.response.status_code"] == 202
    call = trace.only(REGISTER, "CLIENT")
    assert (call.service, call.parent_id) == ("upload-gateway", request.span_id)
    answer = trace.only(REGISTER, "SERVER")
    assert (answer.service, answer.parent_id) == ("ingest-service", call.span_id)
    publishing = trace.only(PUBLISH, "PRODUCER")
    assert publishing.parent_id == answer.span_id
    assert publishing.attributes["photo.publish_reason"] == "new_run"
    runs = trace.named(RUN)
    assert {each.attributes["photo.task_id"] for each in runs} == set(task_ids)
    for run in runs:
        assert (run.service, run.kind, run.parent_id) == ("worker", "CONSUMER", publishing.span_id)
        assert run.attributes["photo.outcome"] == "success"
        assert trace.under(run) == STEPS
    assert not [each for each in trace.all() if each.is_error]
    assert "holiday" not in repr(trace_collector.spans)


def test_a_poll_leads_into_the_status_service_and_probes_are_not_traced(
    visitor: Any, trace_collector: Any, begin_trace: Any, jpeg: bytes
) -> None:
    (task_id,) = visitor.upload([("a.jpg", jpeg)]).json()["task_ids"]
    trace = begin_trace()
    visitor.http.get("/readyz")
    assert visitor.http.get(f"/api/task-status/{task_id}", headers=trace.header).is_success
    trace.wait_for({POLL: 1, GET_TASK: 2})
    answer = trace.only(GET_TASK, "SERVER")
    assert answer.service == "status-service"
    assert answer.parent_id == trace.only(GET_TASK, "CLIENT").span_id
    assert not [each for each in trace_collector.spans if "readyz" in each.name]
    assert not [each for each in trace_collector.spans if "Health" in each.name]
    # Where nobody named a trace the gateway has begun one; the same for the whole way.
    runs = [each for each in trace_collector.spans if each.name == RUN]
    trace_collector.wait_until(
        lambda: any(
            each.name == RUN and each.attributes["photo.task_id"] == task_id
            for each in trace_collector.spans
        )
    )
    (run,) = [
        each
        for each in trace_collector.spans
        if each.name == RUN and each.attributes["photo.task_id"] == task_id
    ]
    assert run.trace_id not in {trace.trace_id, *(each.trace_id for each in runs if each != run)}
    (request,) = [
        each
        for each in trace_collector.spans
        if each.name == UPLOAD and each.trace_id == run.trace_id
    ]
    assert request.parent_id == ""


def test_what_the_relay_publishes_anew_stays_in_the_trace_of_its_upload(
    visitor: Any, traced_stack: RunningStack, begin_trace: Any, standing_still: Any, jpeg: bytes
) -> None:
    trace = begin_trace()
    with standing_still(traced_stack.processes()["worker"]["pid"]):
        # More than the worker has asked for already.
        task_ids = upload(visitor, trace, *((f"{n}.jpg", jpeg) for n in range(5)))
        trace.wait_for({PUBLISH: 1})
        with redis.Redis.from_url(traced_stack.redis_url) as client:
            client.flushall()
    assert {task["status"] for task in visitor.wait(task_ids)} == {"SUCCESS"}
    trace.wait_for({PUBLISH: 2, RUN: len(task_ids)})
    (again,) = [
        each
        for each in trace.named(PUBLISH)
        if each.attributes["photo.publish_reason"] == "never_queued"
    ]
    assert again.parent_id == trace.only(REGISTER, "SERVER").span_id
    assert RUN in trace.under(again)


def test_a_retried_photo_stays_in_its_trace_and_the_retry_points_to_it(
    visitor: Any, traced_stack: RunningStack, begin_trace: Any, jpeg: bytes
) -> None:
    trace, retrying = begin_trace(), begin_trace()
    # Only its end is missing: the gateway looks at the first bytes.
    (task_id,) = upload(visitor, trace, ("a.jpg", jpeg[:2000]))
    (failed,) = visitor.wait([task_id])
    address = f"/api/tasks/{task_id}/retry"
    assert visitor.http.post(address, headers=retrying.header).status_code == 202
    visitor.wait([task_id])
    trace.wait_for({RUN: 2, PUBLISH: 2})
    retrying.wait_for({RETRY: 2})
    assert {each.attributes["error.type"] for each in trace.named(RUN)} == {failed["error"]["code"]}
    asked = retrying.only(RETRY, "SERVER")
    assert asked.links == [(trace.trace_id, trace.only(REGISTER, "SERVER").span_id)]
    (publishing,) = [each for each in trace.named(PUBLISH) if each.links]
    assert publishing.links == [(retrying.trace_id, asked.span_id)]
    assert RUN in trace.under(publishing)
    assert not retrying.named(RUN)


def test_log_lines_name_the_trace_that_they_belong_to(
    visitor: Any, traced_stack: RunningStack, begin_trace: Any, wait_until: Any, jpeg: bytes
) -> None:
    trace = begin_trace()
    visitor.wait(upload(visitor, trace, ("a.jpg", jpeg)))

    def is_told(service: str, event: str) -> bool:
        log = (traced_stack.local_dir / "logs" / f"{service}.log").read_text("utf-8")
        lines = [json.loads(line) for line in log.splitlines() if f'"{event}"' in line]
        return trace.trace_id in {line.get("trace_id") for line in lines}

    wait_until(lambda: is_told("ingest-service", "batch_registered"), "ingest-service's log")
    wait_until(lambda: is_told("worker", "task_succeeded"), "the worker's log")


def test_what_is_left_is_sent_when_a_service_ends(
    trace_collector: Any, begin_trace: Any, make_api: Any, jpeg: bytes
) -> None:
    told = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": trace_collector.endpoint,
        # Longer than the test: nothing is sent before the end.
        "OTEL_BSP_SCHEDULE_DELAY": "600000",
    }
    with temporary_stack(told) as stack:
        trace = begin_trace()
        visitor = make_api(stack.base_url)
        (task_id,) = upload(visitor, trace, ("a.jpg", jpeg))
        visitor.wait([task_id])
        answer = visitor.http.get(f"/api/task-status/{task_id}", headers=trace.header)
        assert answer.is_success
        assert trace.all() == []
        assert stack.stop() == 0
    assert {each.service for each in trace.all()} == {
        "upload-gateway",
        "ingest-service",
        "status-service",
        "worker",
    }
    assert trace.under(trace.named(RUN)[0]) == STEPS
