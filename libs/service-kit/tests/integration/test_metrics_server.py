"""Metrics on a port of their own."""

import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from local_stack.ports import free_ports
from service_kit.metrics_server import serve_metrics


def scraped(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return answer.read().decode()


def test_the_metrics_of_this_process_are_served() -> None:
    port = free_ports(1)[0]
    server = serve_metrics("127.0.0.1", port)
    try:
        assert "process_resident_memory_bytes" in scraped(port)
    finally:
        server.shutdown()
        server.server_close()


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
