"""What the metrics of a running system tell of an upload."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}
SERVICES = ("upload-gateway", "ingest-service", "status-service", "worker", "admin-console")


class Metrics:
    """The metrics of a stack, scraped anew each time."""

    def __init__(self, stack: Any, http: httpx.Client) -> None:
        self._stack = stack
        self._http = http

    def samples(self, service: str) -> list[Any]:
        port = self._stack.processes()[service]["metrics_port"]
        answer = self._http.get(f"http://127.0.0.1:{port}/metrics", headers=OPENMETRICS)
        assert answer.headers["content-type"].startswith("application/openmetrics-text")
        families = text_string_to_metric_families(answer.text)
        return [sample for family in families for sample in family.samples]

    def value(self, service: str, name: str, /, **labels: str) -> float:
        found = [
            sample.value
            for sample in self.samples(service)
            if sample.name == name and labels.items() <= sample.labels.items()
        ]
        assert found, f"{service} does not tell {name} {labels}"
        return float(sum(found))


@pytest.fixture
def metrics(stack: Any) -> Iterator[Metrics]:
    with httpx.Client(trust_env=False, timeout=30) as http:
        yield Metrics(stack, http)


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_says_which_it_is(metrics: Metrics, service: str) -> None:
    assert metrics.value(service, "photo_service_info", service=service) == 1


def test_an_upload_is_counted_on_its_whole_way(
    metrics: Metrics,
    api: Any,
    jpeg: bytes,
    wait_until: Callable[..., None],
) -> None:
    gateway, worker = "upload-gateway", "worker"
    counted: list[tuple[str, str, dict[str, str], float]] = [
        (gateway, "photo_uploads_total", {"outcome": "accepted"}, 1),
        (gateway, "photo_upload_files_total", {"outcome": "accepted"}, 2),
        (gateway, "photo_upload_files_total", {"outcome": "refused"}, 1),
        (gateway, "photo_upload_bytes_total", {}, 2 * len(jpeg)),
        (gateway, "photo_upload_rejections_total", {"code": "empty_file"}, 1),
        (worker, "photo_task_seconds_bucket", {"lane": "interactive", "le": "+Inf"}, 2),
        (worker, "photo_worker_tasks_total", {"result": "success"}, 2),
    ]
    before = [metrics.value(service, name, **labels) for service, name, labels, _ in counted]
    answer = api.upload([("a.jpg", jpeg), ("b.jpg", jpeg), ("c.jpg", b"")])
    api.wait(answer.json()["task_ids"])
    # Other tests upload to the same stack, one after the other.
    for (service, name, labels, more), earlier in zip(counted, before, strict=True):
        wait_until(
            lambda: metrics.value(service, name, **labels) >= earlier + more,  # noqa: B023 - at once
            f"{name} {labels}",
        )
    assert metrics.value(worker, "photo_worker_step_seconds_count", step="probe") >= 2


def test_a_refused_upload_counts_against_nobody_but_its_sender(metrics: Metrics, api: Any) -> None:
    failed = metrics.value("upload-gateway", "photo_uploads_total", outcome="failed")
    assert api.upload([("c.jpg", b"")]).status_code == 422
    refused = {"outcome": "refused", "code": "no_valid_files"}
    assert metrics.value("upload-gateway", "photo_uploads_total", **refused) >= 1
    assert metrics.value("upload-gateway", "photo_uploads_total", outcome="failed") == failed


def test_an_upload_whose_sender_hangs_up_is_no_failure_of_the_service(
    stack: Any, metrics: Metrics, api: Any, jpeg: bytes, wait_until: Callable[..., None]
) -> None:
    gateway, name = "upload-gateway", "photo_uploads_total"
    broken = {"outcome": "broken_off", "code": "client_disconnected"}
    # Nothing is told of it before the first.
    failed = metrics.value(gateway, name, outcome="failed")
    url = httpx.URL(stack.base_url)
    assert url.host
    request = api.http.build_request("POST", "/api/upload/", files=[("images", ("a.jpg", jpeg))])
    body = request.read()
    head = "".join(f"{key}: {value}\r\n" for key, value in request.headers.items())
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(f"POST /api/upload/ HTTP/1.1\r\n{head}\r\n".encode())
        connection.sendall(body[: len(body) // 2])

    def is_counted() -> bool:
        return any(
            sample.name == name and sample.labels == broken and sample.value >= 1
            for sample in metrics.samples(gateway)
        )

    wait_until(is_counted, "the upload that was broken off")
    assert metrics.value(gateway, name, outcome="failed") == failed


def test_an_upload_that_nobody_registers_counts_against_the_service(
    stack: Any, metrics: Metrics, api: Any, jpeg: bytes, standing_still: Any
) -> None:
    gateway, name = "upload-gateway", "photo_uploads_total"
    failed = metrics.value(gateway, name, outcome="failed", code="outcome_unknown")
    with standing_still(stack.processes()["ingest-service"]["pid"]):
        assert api.upload([("a.jpg", jpeg)]).status_code == 503
    assert metrics.value(gateway, name, outcome="failed", code="outcome_unknown") == failed + 1


def test_ingest_service_tells_what_it_stands_on(metrics: Metrics) -> None:
    ingest = "ingest-service"
    free = metrics.value(ingest, "photo_storage_free_bytes")
    assert 0 < free <= metrics.value(ingest, "photo_storage_size_bytes")
    assert metrics.value(ingest, "photo_database_connections_limit") > 0
    assert metrics.value(ingest, "photo_backlog_last_look_timestamp_seconds") > 0
    assert metrics.value(ingest, "photo_outbox_relay_last_run_timestamp_seconds") > 0


def test_open_event_streams_are_counted(
    metrics: Metrics, api: Any, jpeg: bytes, wait_until: Callable[..., None]
) -> None:
    api.wait(api.upload([("a.jpg", jpeg)]).json()["task_ids"])
    before = metrics.value("upload-gateway", "photo_event_streams")
    with api.http.stream("GET", "/api/events"):
        wait_until(
            lambda: metrics.value("upload-gateway", "photo_event_streams") == before + 1,
            "the stream is counted",
        )
    wait_until(
        lambda: metrics.value("upload-gateway", "photo_event_streams") == before,
        "the stream is gone",
    )
