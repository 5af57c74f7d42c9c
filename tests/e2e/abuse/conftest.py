"""A stack to be abused, raw connections, and an honest visitor who must not notice."""

import asyncio
import json
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from local_stack.running_stack import RunningStack, temporary_stack

MIB = 1024 * 1024
JPEG = b"\xff\xd8\xff\xe0" + bytes(2000)
# The abusers are visitors of their own: limits are by address.
HONEST_ADDRESS = "127.0.0.200"
# What an honest visitor waits at most, while somebody abuses the service, in seconds.
SERVED_WITHIN = 20.0
# What an abuse may leave in the gateway's memory: freed memory does not all go back to the system.
RSS_GROWTH = 60 * MIB


@dataclass(frozen=True)
class Answer:
    """What came back on a raw connection until it was closed, or the answer was whole."""

    raw: bytes

    @property
    def status(self) -> int:
        """0 where the connection was cut without an answer."""
        return int(self.raw[9:12]) if self.raw.startswith(b"HTTP/1.1 ") else 0

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a problem, which every refusal has to be."""
        assert b"content-type: application/problem+json" in self.raw.lower(), self.raw[:500]
        return str(self.json["code"])

    @property
    def is_whole(self) -> bool:
        head, end, body = self.raw.partition(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: (\d+)", head.lower())
        return bool(end) and length is not None and len(body) >= int(length[1])


@dataclass
class Abuser:
    """One who speaks HTTP by hand, with a session, so that nothing is refused for lack of one."""

    base_url: str
    address: str = "127.0.0.1"
    identity: str = field(init=False)
    port: int = field(init=False)

    def __post_init__(self) -> None:
        answer = httpx.get(f"{self.base_url}/api/csrf", trust_env=False)
        cookies = "; ".join(f"{name}={value}" for name, value in answer.cookies.items())
        self.identity = f"Cookie: {cookies}\r\nX-CSRFToken: {answer.json()['csrf_token']}\r\n"
        self.port = httpx.URL(self.base_url).port or 80

    def head(self, *headers: str, content_type: str = "multipart/form-data; boundary=x") -> bytes:
        """The head of an upload."""
        more = "".join(f"{each}\r\n" for each in headers)
        text = f"POST /api/upload/ HTTP/1.1\r\nHost: x\r\n{self.identity}"
        return f"{text}Content-Type: {content_type}\r\n{more}\r\n".encode("latin-1")

    def whole(self, body: bytes, content_type: str = "multipart/form-data; boundary=x") -> bytes:
        """A whole upload."""
        return self.head(f"Content-Length: {len(body)}", content_type=content_type) + body

    def connect(self) -> socket.socket:
        return socket.create_connection(
            ("127.0.0.1", self.port), 30, source_address=(self.address, 0)
        )

    def send(self, *pieces: bytes) -> Answer:
        """What is answered; a server that closes before all is sent is no error."""
        with self.connect() as connection:
            with suppress(ConnectionError):
                for piece in pieces:
                    connection.sendall(piece)
            return self.answer_on(connection)

    def answer_on(self, connection: socket.socket) -> Answer:
        """What comes, whole: head and body need not come at once."""
        answer = Answer(b"")
        with suppress(ConnectionError):
            while not answer.is_whole and (more := connection.recv(65_536)):
                answer = Answer(answer.raw + more)
        return answer

    def get(self, target: str) -> Answer:
        text = f"GET {target} HTTP/1.1\r\nHost: x\r\n{self.identity}Connection: close\r\n\r\n"
        return self.send(text.encode("latin-1"))

    @asynccontextmanager
    async def open(
        self, address: str | None = None
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, local_addr=(address or self.address, 0)
        )
        try:
            yield reader, writer
        finally:
            writer.close()


def file_part(disposition: str, content: bytes = JPEG, boundary: str = "x") -> bytes:
    head = f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n"
    return head.encode() + content + b"\r\n"


@pytest.fixture(scope="session")
def part() -> Callable[..., bytes]:
    return file_part


@pytest.fixture(scope="package")
def abused() -> Iterator[RunningStack]:
    with temporary_stack() as running:
        yield running


@pytest.fixture
def abuser(abused: RunningStack) -> Abuser:
    return Abuser(abused.base_url)


class HonestVisitor:
    """Uploads again and again while the abuse goes on, and is served each time."""

    def __init__(self, base_url: str) -> None:
        transport = httpx.HTTPTransport(local_address=HONEST_ADDRESS)
        self._http = httpx.Client(
            base_url=base_url,
            transport=transport,
            timeout=SERVED_WITHIN,
            trust_env=False,
        )
        token = self._http.get("/api/csrf").json()["csrf_token"]
        self._http.headers["X-CSRFToken"] = token

    def upload(self) -> int:
        answer = self._http.post("/api/upload/", files=[("images", ("honest.jpg", JPEG))])
        return answer.status_code

    @contextmanager
    def uploading(self) -> Iterator[None]:
        """Fails if an upload while the block lasts is not accepted; there is at least one."""
        ended = threading.Event()

        def upload_until_ended() -> set[int]:
            statuses = {self.upload()}
            while not ended.wait(0.25):
                statuses.add(self.upload())
            return statuses

        with ThreadPoolExecutor(1) as thread:
            uploads = thread.submit(upload_until_ended)
            try:
                yield
            finally:
                ended.set()
        assert uploads.result() == {202}

    def close(self) -> None:
        self._http.close()


def resident(pid: int) -> int:
    """What a process holds in memory, in bytes (proc(5))."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


@pytest.fixture(scope="package")
def honest(abused: RunningStack) -> Iterator[HonestVisitor]:
    visitor = HonestVisitor(abused.base_url)
    assert visitor.upload() == 202  # what is loaded lazily is loaded
    yield visitor
    visitor.close()


@pytest.fixture
def memory_growth(abused: RunningStack) -> Callable[[], int]:
    """How much more the gateway holds in memory than when the test began; it is the same one."""
    gateway = abused.processes()["upload-gateway"]["pid"]
    before = resident(gateway)

    def read() -> int:
        assert abused.processes()["upload-gateway"]["pid"] == gateway
        return resident(gateway) - before

    return read


@pytest.fixture
def nobody_else_notices(honest: HonestVisitor, memory_growth: Callable[[], int]) -> Iterator[None]:
    """An honest visitor is served during the test, and the gateway's memory stays bounded."""
    with honest.uploading():
        yield
    assert memory_growth() < RSS_GROWTH


@pytest.fixture
def uploads_in_progress(abused: RunningStack) -> Callable[[], float]:
    def read() -> float:
        port = abused.processes()["upload-gateway"]["metrics_port"]
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        found = re.search(r"^photo_uploads_in_progress (\S+)$", text, re.MULTILINE)
        assert found
        return float(found[1])

    return read
