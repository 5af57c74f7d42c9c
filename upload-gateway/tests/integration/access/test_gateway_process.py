"""The program itself: proxies, bodies that wait to be asked for, and keys that cannot be read."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from local_stack.ports import free_ports
from local_stack.settings import whole_environment
from upload_gateway.issue_api_key import api_key_entry, new_api_key

HTTPS_AT = {"X-Forwarded-Proto": "https"}


def environment(port: int, metrics_port: int, **settings: str) -> dict[str, str]:
    return {
        **whole_environment(),
        "GATEWAY_PORT": str(port),
        "GATEWAY_METRICS_PORT": str(metrics_port),
        "STORAGE_URL": "memory://",
        "SESSION_SECRET": "s" * 32,
        **settings,
    }


@contextmanager
def running(**settings: str) -> Iterator[str]:
    port, metrics_port = free_ports(2)
    command = [sys.executable, "-m", "upload_gateway"]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(command, env=environment(port, metrics_port, **settings)) as process:
        try:
            deadline, pause = time.monotonic() + 30, threading.Event()
            while not _answers(url):
                assert process.poll() is None
                assert time.monotonic() < deadline
                pause.wait(0.05)
            yield url
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/livez", trust_env=False).is_success
    except httpx.TransportError:
        return False


def get(url: str, headers: dict[str, str]) -> Any:
    return httpx.get(f"{url}/api/csrf", headers=headers, trust_env=False)


def test_a_trusted_proxy_tells_address_and_scheme() -> None:
    with running(TRUSTED_PROXIES="127.0.0.0/8", REQUESTS_PER_MINUTE="2") as url:
        # What the client itself sent stands before what the proxy added.
        statuses = [
            get(url, {"X-Forwarded-For": f"198.51.100.{number}, 192.0.2.1"}).status_code
            for number in range(3)
        ]
        other = get(url, {"X-Forwarded-For": "192.0.2.2", **HTTPS_AT})
    assert statuses == [200, 200, 429]
    assert other.status_code == 200
    assert all("; Secure" in each for each in other.headers.get_list("set-cookie"))


def test_nobody_else_is_believed() -> None:
    with running(TRUSTED_PROXIES="192.0.2.0/24", REQUESTS_PER_MINUTE="2") as url:
        answers = [
            get(url, {"X-Forwarded-For": f"198.51.100.{number}", **HTTPS_AT}) for number in range(3)
        ]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "Secure" not in answers[0].headers["set-cookie"]


def test_a_refused_upload_is_never_asked_for(tmp_path: Path) -> None:
    key = new_api_key()
    keys = tmp_path / "keys"
    keys.write_text(f"keys:\n{api_key_entry(key, 'alice', ['upload'])}")
    head = (
        "POST /api/upload/ HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\nExpect: 100-continue\r\n"
        f"Authorization: Bearer {key}\r\n\r\n"
    ).encode()
    with running(API_KEYS_FILE=str(keys), UPLOAD_BYTES_PER_HOUR="1000") as url:
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        answers = []
        for _ in range(2):
            with socket.create_connection(address, 20) as connection:
                connection.sendall(head)
                answers.append(connection.recv(4096))
    assert answers[0].startswith(b"HTTP/1.1 100 ")
    assert answers[1].startswith(b"HTTP/1.1 429 ")


@pytest.mark.parametrize(
    ("content", "told"), [(None, "No such file"), ("keys: [{owner: alice}]", "keys[0].sha256")]
)
def test_keys_that_cannot_be_read_end_the_start(
    tmp_path: Path, content: str | None, told: str
) -> None:
    path = tmp_path / "keys"
    if content is not None:
        path.write_text(content)
    refusal = refused_start(API_KEYS_FILE=str(path))
    assert refusal.startswith("API_KEYS_FILE: ")
    assert told in refusal


def test_a_ca_that_cannot_be_read_ends_the_start(tmp_path: Path) -> None:
    refusal = refused_start(GRPC_TLS_CA_FILE=str(tmp_path / "missing"))
    assert refusal.startswith("GRPC_TLS_CA_FILE: ")


def test_storage_that_takes_no_file_ends_the_start_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "originals").touch()
    [told] = refused_start(STORAGE_URL=tmp_path.as_uri()).splitlines()
    assert told.startswith("STORAGE_URL: Storage is not writable: ")


def refused_start(**settings: str) -> str:
    """What the program says that ends at its start."""
    port, metrics_port = free_ports(2)
    done = subprocess.run(
        [sys.executable, "-m", "upload_gateway"],
        env=environment(port, metrics_port, **settings),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    return done.stderr
