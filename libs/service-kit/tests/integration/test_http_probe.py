"""A container asks its own server whether it is ready."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from local_stack.ports import free_ports
from service_kit.http_probe import answers


class _Readiness(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 503)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def _serving() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Readiness) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def probe(*arguments: str) -> int:
    command = [sys.executable, "-m", "service_kit.http_probe", *arguments]
    return subprocess.run(command, check=False, timeout=60).returncode


def test_a_server_that_answers_with_200_is_healthy() -> None:
    with _serving() as port:
        assert probe(str(port), "/readyz") == 0


@pytest.mark.parametrize("path", ["/", "/elsewhere"])
def test_one_that_answers_otherwise_is_not(path: str) -> None:
    with _serving() as port:
        assert not answers(port, path)


def test_one_that_is_not_there_or_speaks_something_else_is_not() -> None:
    assert probe(str(free_ports(1)[0]), "/readyz") == 1
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            connection, _address = listener.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(b"no HTTP at all\r\n\r\n")

        thread = Thread(target=hang_up)
        thread.start()
        assert not answers(listener.getsockname()[1], "/readyz")
        thread.join()
