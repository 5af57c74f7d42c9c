"""Rules and dashboards select values that the services tell: a misspelt one would never show."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from prometheus_client.parser import text_string_to_metric_families

from admin_console.sign_in import SignInOutcome
from ingest_service.servicer import SERVICE as INGEST
from photo.ingest.v1 import ingest_service_pb2
from photo.status.v1 import status_service_pb2
from photo_domain.failure import FailureCode
from photo_domain.task_state import TaskStage
from photo_records.task_queue import Lane
from photo_uploads.upload_metrics import UploadOutcome
from photo_worker.outcome import OutcomeKind
from status_service.servicer import SERVICE as STATUS

# A metric, a label and a value of it.
Selected = tuple[str, str, str]

_SERVICES = {
    name
    for file in Path(__file__).parents[3].glob("*/src/*/*.py")
    for name in re.findall(r'announce_service\("([\w-]+)"', file.read_text("utf-8"))
}
_METHODS = {
    method.name
    for file, service in ((ingest_service_pb2, INGEST), (status_service_pb2, STATUS))
    for method in file.DESCRIPTOR.services_by_name[service.rpartition(".")[2]].methods
}
# By label, and by metric where one label has several meanings.
_VALUES: dict[str, set[str]] = {
    "lane": set(Lane),
    "stage": set(TaskStage),
    "outcome": set(UploadOutcome),
    "result": set(OutcomeKind),
    "state": {"busy", "idle"},
    "service": _SERVICES,
    "method": _METHODS,
    "photo_console_sign_ins_total outcome": set(SignInOutcome),
    "photo_worker_tasks_total code": set(FailureCode),
    "rpc_server_calls_total code": {code.name for code in grpc.StatusCode},
}
# Of Grafana, of HTTP and of Prometheus itself.
_OF_OTHERS = {"namespace", "status", "route", "alertstate", "severity"}


def selected(expressions: list[str]) -> Iterator[Selected]:
    for expression in expressions:
        for name, matchers in re.findall(r"([\w:]+)\{([^}]*)\}", expression):
            for label, values in re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"', matchers):
                for value in values.split("|"):
                    yield name, label, value


@pytest.fixture(scope="module")
def expressions(rules: list[dict[str, Any]], dashboards: dict[str, dict[str, Any]]) -> list[str]:
    shown = [
        target["expr"]
        for board in dashboards.values()
        for panel in board["panels"]
        for target in panel.get("targets", ())
    ]
    return [*(rule["expr"] for rule in rules), *shown]


def test_every_value_that_is_selected_is_one_that_there_is(
    expressions: list[str], metrics: Any
) -> None:
    found = 0
    for name, label, value in selected(expressions):
        if label in _OF_OTHERS:
            continue
        found += 1
        if label == "le":
            # A bucket that is gone would leave an objective without an alert.
            bucket = re.compile(rf'^{name}\{{[^}}]*le="{re.escape(value)}"', re.MULTILINE)
            assert bucket.search(metrics.exposition), f"{name} has no bucket up to {value}"
        else:
            known = _VALUES.get(f"{name} {label}") or _VALUES[label]
            assert value in known, f"{name} has no {label} {value}"
    assert found > 20


def test_what_alerts_count_is_told_before_the_first(
    rules: list[dict[str, Any]], metrics: Any
) -> None:
    # From no series to one there is no increase.
    alerts = [rule["expr"] for rule in rules if "alert" in rule]
    counters = {(name, label) for name, label, _ in selected(alerts) if name.endswith("_total")}
    told = {
        (sample.name, label, value)
        for family in text_string_to_metric_families(metrics.exposition)
        for sample in family.samples
        for label, value in sample.labels.items()
    }
    # Of routes and methods: with the first request of each.
    at_requests = {"http_requests_total", "rpc_server_calls_total"}
    for name, label, value in selected(alerts):
        if (name, label) in counters and name not in at_requests:
            assert (name, label, value) in told, f"{name} does not tell {label} {value} at 0"
