"""What stops a worker from starting, and what it says then."""

import socket
import subprocess
from collections.abc import Callable

import pytest

Start = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("DATABASE_URL", "mysql://photo:hidden@127.0.0.1/photo"),
        ("STORAGE_URL", "ftp://hidden/photos"),
        ("WORKER_CONCURRENCY", "hidden"),
    ],
)
def test_a_wrong_setting_is_named_and_not_shown(
    start_that_fails: Start, setting: str, value: str
) -> None:
    ended = start_that_fails(**{setting: value})
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"{setting}: ")
    assert "hidden" not in line


def test_a_taken_metrics_port_is_named_with_its_setting(start_that_fails: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = start_that_fails(WORKER_METRICS_PORT=str(port))
    assert ended.returncode == 1
    assert "WORKER_METRICS_PORT" in ended.stderr
    assert str(port) in ended.stderr
