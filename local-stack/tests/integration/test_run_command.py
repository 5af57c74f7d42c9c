import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local_stack.ports import HOST, free_ports
from local_stack.settings import whole_environment
from local_stack.stack_folder import StackFolder

_PORTS = (
    "GATEWAY_PORT",
    "GATEWAY_METRICS_PORT",
    "INGEST_PORT",
    "INGEST_METRICS_PORT",
    "STATUS_PORT",
    "STATUS_METRICS_PORT",
    "WORKER_METRICS_PORT",
    "ADMIN_PORT",
    "ADMIN_METRICS_PORT",
    "POSTGRES_PORT",
    "REDIS_PORT",
)


@pytest.fixture
def environment(open_folder: Path) -> dict[str, str]:
    ports = dict(zip(_PORTS, map(str, free_ports(len(_PORTS))), strict=True))
    return {**whole_environment(), **ports, "LOCAL_DIR": str(open_folder)}


def run(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local_stack", "run"],
        env=environment,
        cwd=environment["LOCAL_DIR"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_taken_port_ends_the_start_before_anything_is_made(
    environment: dict[str, str], open_folder: Path
) -> None:
    with socket.socket() as listener:
        listener.bind((HOST, int(environment["STATUS_PORT"])))
        listener.listen()
        done = run(environment)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(
        f"port {environment['STATUS_PORT']} is taken: status-service wants it; "
        "set STATUS_PORT to move it"
    )
    assert not (open_folder / "postgres").exists()


def test_a_second_stack_in_the_same_folder_is_refused(
    environment: dict[str, str], open_folder: Path
) -> None:
    folder = StackFolder(open_folder)
    folder.create()
    with folder.locked():
        done = run(environment)

    assert done.returncode == 2
    assert done.stderr == (
        f"another stack (process {os.getpid()}) runs in {open_folder}; "
        "stop it, or set LOCAL_DIR to another folder\n"
    )


def test_a_wrong_setting_is_named(environment: dict[str, str]) -> None:
    done = run(environment | {"WORKER_CONCURRENCY": "none"})

    assert done.returncode == 2
    assert done.stderr.startswith("WORKER_CONCURRENCY: ")
