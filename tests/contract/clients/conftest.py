"""A stack for clients that nobody here wrote, and what they upload to it."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image

from local_stack.ports import HOST
from local_stack.running_stack import RunningStack, temporary_stack


@dataclass(frozen=True)
class OtherSite:
    """A web server that is none of ours, and the two origins by which its pages can be opened."""

    folder: Path
    allowed_origin: str
    foreign_origin: str


@pytest.fixture(scope="session")
def other_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OtherSite]:
    folder = tmp_path_factory.mktemp("other-site")
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer((HOST, 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        port = server.server_port
        yield OtherSite(folder, f"http://localhost:{port}", f"http://{HOST}:{port}")
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def stack(other_site: OtherSite) -> Iterator[RunningStack]:
    with temporary_stack({"CORS_ORIGINS": other_site.allowed_origin}) as running:
        yield running


@pytest.fixture
def key_file(stack: RunningStack) -> Path:
    """The API key of the stack, as `make run` leaves it."""
    return stack.local_dir / "api-key"


@pytest.fixture
def authorization(key_file: Path) -> dict[str, str]:
    return {"Authorization": f"Bearer {key_file.read_text('ascii').strip()}"}


@pytest.fixture
def http(stack: RunningStack, authorization: dict[str, str]) -> Iterator[httpx.Client]:
    """httpx as a program with an API key uses it."""
    with httpx.Client(
        base_url=stack.base_url, headers=authorization, timeout=60, trust_env=False
    ) as client:
        yield client


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    buffer = BytesIO()
    Image.effect_noise((320, 240), 60).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def photos(tmp_path: Path, jpeg: bytes) -> Path:
    """A folder with two photos and a file that is none."""
    for name in ("photo.jpg", "second.jpg"):
        (tmp_path / name).write_bytes(jpeg)
    (tmp_path / "notes.txt").write_text("no photo\n", "ascii")
    return tmp_path


class UnsteadyNetwork:
    """A TCP proxy before the gateway that loses connections when told to.

    `heads` are the first bytes of each connection that reached the gateway.
    """

    def __init__(self, gateway_port: int) -> None:
        self.heads: list[bytes] = []
        self._gateway = (HOST, gateway_port)
        self._listener = socket.create_server((HOST, 0))
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._is_up = True
        self._answers_to_lose = 0
        self._threads[0].start()

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self._listener.getsockname()[1]}"

    def lose_next_answer(self) -> None:
        """Break the connection whose answer comes next, before its first byte is through."""
        with self._lock:
            self._answers_to_lose += 1

    def go_down(self) -> None:
        """Break every connection, and each new one at once."""
        with self._lock:
            self._is_up = False
            for pair in self._pairs:
                _break(pair)

    def come_up(self) -> None:
        """Let new connections through."""
        with self._lock:
            self._is_up = True

    def close(self) -> None:
        self.go_down()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if not self._is_up:
                    client.close()
                    continue
                gateway = socket.create_connection(self._gateway)
                self._pairs.append((client, gateway))
            thread = threading.Thread(target=self._forward, args=(client, gateway))
            self._threads.append(thread)
            thread.start()

    def _forward(self, client: socket.socket, gateway: socket.socket) -> None:
        other = {client: gateway, gateway: client}
        first = True
        # Both ends are shut down when the connection breaks, which ends the waiting here.
        with client, gateway, suppress(OSError):
            while True:
                for source in select.select([client, gateway], [], [])[0]:
                    data = source.recv(64 * 1024)
                    if not data or (source is gateway and self._loses_answer()):
                        return
                    if first:
                        self.heads.append(data)
                        first = False
                    other[source].sendall(data)

    def _loses_answer(self) -> bool:
        with self._lock:
            loses = self._answers_to_lose > 0
            self._answers_to_lose -= loses
            return loses


def _break(pair: tuple[socket.socket, socket.socket]) -> None:
    for end in pair:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def network(stack: RunningStack) -> Iterator[UnsteadyNetwork]:
    """A way to the stack that can break."""
    port = httpx.URL(stack.base_url).port
    assert port
    way = UnsteadyNetwork(port)
    yield way
    way.close()
