"""Metrics on a port of their own."""

import subprocess
import sys
import urllib.request
from importlib.metadata import version
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from local_stack.ports import free_ports
from service_kit.database_pool_gauges import watch_pool
from service_kit.metrics_server import serve_metrics
from service_kit.service_info import announce_service


def scraped(port: int, accept: str = "*/*") -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def test_the_metrics_of_this_process_are_served() -> None:
    port = free_ports(1)[0]
    server = serve_metrics("127.0.0.1", port)
    try:
        assert "process_resident_memory_bytes" in scraped(port)
    finally:
        server.shutdown()
        server.server_close()


def test_whoever_accepts_openmetrics_gets_it_without_a_series_for_when_each_began() -> None:
    port = free_ports(1)[0]
    server = serve_metrics("127.0.0.1", port)
    announce_service("some-service", "service-kit")
    watch_pool(Pool())
    try:
        text = scraped(port, "application/openmetrics-text; version=1.0.0")
    finally:
        server.shutdown()
        server.server_close()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    (info,) = [
        sample
        for sample in families["photo_service_info"].samples
        if sample.labels["service"] == "some-service"
    ]
    assert info.labels["version"] == version("service-kit")
    connections = families["photo_database_connections"].samples
    assert {sample.labels["state"]: sample.value for sample in connections} == {
        "busy": 3,
        "idle": 2,
    }
    assert families["photo_database_connections_limit"].samples[0].value == 8
    assert "_created" not in text


class Pool:
    """Of five connections two are idle."""

    def get_size(self) -> int:
        return 5

    def get_idle_size(self) -> int:
        return 2

    def get_max_size(self) -> int:
        return 8


def test_a_taken_port_is_an_error() -> None:
    port = free_ports(1)[0]
    server = serve_metrics("127.0.0.1", port)
    try:
        with pytest.raises(OSError, match="in use"):
            serve_metrics("127.0.0.1", port)
    finally:
        server.shutdown()
        server.server_close()


_CHILD = "from prometheus_client import Counter; Counter('seen', 'Seen').inc(2)"
_PARENT = """
import sys, pathlib, urllib.request
from service_kit.metrics_server import serve_metrics_of_children
serve_metrics_of_children("127.0.0.1", int(sys.argv[1]), pathlib.Path(sys.argv[2]))
with urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/metrics", timeout=10) as answer:
    sys.stdout.write(answer.read().decode())
"""


def test_the_metrics_of_all_processes_that_share_a_folder_are_summed_up(tmp_path: Path) -> None:
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for _ in range(2):
        subprocess.run([sys.executable, "-c", _CHILD], env=environment, check=True, timeout=60)
    port = str(free_ports(1)[0])
    answer = subprocess.run(
        [sys.executable, "-c", _PARENT, port, str(tmp_path)],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "seen_total 4.0" in answer.stdout
