"""The console as a process."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import pytest

from local_stack.ports import free_ports

DEADLINE_SECONDS = 40


@pytest.fixture
def start(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Starts a console; its address, its process and the file of its log."""
    started: list[Any] = []

    def run(**variables: str) -> Any:
        port, metrics_port, nowhere = free_ports(3)
        log = tmp_path / "log"
        with log.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "admin_console"],
                env={
                    **os.environ,  # noqa: TID251 - handed on to a child
                    "DATABASE_URL": database_url,
                    "REDIS_URL": f"redis://:redis-secret@127.0.0.1:{nowhere}/0",
                    "INGEST_TARGET": f"dns:///127.0.0.1:{nowhere}",
                    "STATUS_TARGET": f"dns:///127.0.0.1:{nowhere}",
                    "ADMIN_PORT": str(port),
                    "ADMIN_METRICS_PORT": str(metrics_port),
                    "LOG_FORMAT": "json",
                    **variables,
                },
                stdout=file,
                stderr=file,
            )
        started.append(process)
        return f"http://127.0.0.1:{port}", process, log, metrics_port

    yield run
    for process in started:
        process.kill()
        process.wait(30)


def wait_for(address: str, status: int, log: Path) -> httpx.Response:
    deadline = time.monotonic() + DEADLINE_SECONDS
    with httpx.Client() as client:
        while True:
            with suppress(httpx.TransportError):
                answer = client.get(address)
                if answer.status_code == status:
                    return answer
            assert time.monotonic() < deadline, log.read_text()
            threading.Event().wait(0.05)


def test_it_is_ready_without_the_other_services_and_stops_when_told(
    start: Callable[..., Any], database_url: str
) -> None:
    address, process, log, metrics_port = start()
    wait_for(f"{address}/readyz", 200, log)
    assert httpx.get(f"{address}/livez").json() == {"status": "alive"}
    metrics = httpx.get(f"http://127.0.0.1:{metrics_port}/metrics").text
    assert 'http_requests_total{method="GET",route="/readyz",status="200"}' in metrics
    assert 'photo_service_info{service="admin-console"' in metrics
    assert "photo_database_connections_limit 5.0" in metrics
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) in {0, -signal.SIGTERM}
    text = log.read_text()
    assert '"service": "admin-console"' in text
    password = database_url.split(":")[2].partition("@")[0]
    assert password not in text
    assert "redis-secret" not in text


def test_it_is_not_ready_while_the_schema_is_older_than_the_code(
    start: Callable[..., Any], database_url: str
) -> None:
    _execute(database_url, "UPDATE alembic_version SET version_num = '0010'")
    address, _, log, _ = start()
    answer = wait_for(f"{address}/readyz", 503, log)
    assert answer.json() == {"status": "not_ready", "missing": ["database"]}
    assert httpx.get(f"{address}/livez").status_code == 200
    _execute(database_url, "UPDATE alembic_version SET version_num = '9999'")
    wait_for(f"{address}/readyz", 200, log)


def test_it_is_not_ready_while_the_database_does_not_let_it_in(
    start: Callable[..., Any], database_url: str
) -> None:
    # As at an install, before its login has been made.
    url = f"postgresql://nobody:nothing@{database_url.rpartition('@')[2]}"
    address, _, log, _ = start(DATABASE_URL=url)
    answer = wait_for(f"{address}/readyz", 503, log)
    assert answer.json() == {"status": "not_ready", "missing": ["database"]}
    assert "Traceback" not in log.read_text()


def test_what_a_trusted_proxy_says_of_the_browser_is_believed(
    start: Callable[..., Any], database_url: str
) -> None:
    address, _, log, _ = start(TRUSTED_PROXIES="127.0.0.1/32")
    wait_for(f"{address}/livez", 200, log)
    said = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
    with httpx.Client(base_url=address, headers=said) as browser:
        form = browser.get("/admin/login")
        assert "; Secure" in form.headers["Set-Cookie"]
        secret = form.headers["Set-Cookie"].partition(";")[0]
        token = form.text.partition('name="csrf_token" value="')[2].partition('"')[0]
        wrong = {"csrf_token": token, "name": "ann", "password": "wrong"}
        sent = browser.post("/admin/login", data=wrong, headers={"Cookie": secret})
        assert sent.status_code == 422
    connection = psycopg2.connect(database_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT action, address FROM audit_log")
        assert cursor.fetchall() == [("login_failed", "203.0.113.7")]
    connection.close()


def test_headers_without_end_are_not_read_to_their_end(start: Callable[..., Any]) -> None:
    address, _, log, _ = start()
    wait_for(f"{address}/livez", 200, log)
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall(b"GET /livez HTTP/1.1\r\nHost: console\r\n")
        with suppress(ConnectionError):
            for _ in range(40):
                line.sendall(b"X-Filler: " + b"x" * 8000 + b"\r\n")
        answer = b""
        with suppress(ConnectionError):
            answer = line.recv(1000)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"ADMIN_PORT": "none"}, "ADMIN_PORT: "),
        ({"TRUSTED_PROXIES": "*"}, "TRUSTED_PROXIES: "),
        ({"GRPC_TLS_CA_FILE": "/nowhere"}, "GRPC_TLS_CA_FILE: "),
    ],
)
def test_a_setting_that_cannot_be_used_ends_the_start_with_its_name(
    start: Callable[..., Any], variables: dict[str, str], told: str
) -> None:
    _, process, log, _ = start(**variables)
    assert process.wait(DEADLINE_SECONDS) == 2
    assert log.read_text().startswith(told)


def _execute(database_url: str, statement: str) -> None:
    connection = psycopg2.connect(database_url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
