"""A whole stack, a client as people write them, and files to upload."""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import pytest
from PIL import Image

from local_stack.running_stack import RunningStack, temporary_stack

# All tests that share the stack run one after another, on one worker of pytest-xdist.
_GROUP = pytest.mark.xdist_group("stack")
_RESULT_SECONDS = 60.0

NamedFile = tuple[str, bytes]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(_GROUP)


@dataclass
class PhotoApi:
    """A visitor of a stack, with a session and its CSRF token."""

    base_url: str
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.base_url, timeout=60, trust_env=False)
        self.http.headers["X-CSRFToken"] = self.http.get("/api/csrf").json()["csrf_token"]

    def upload(self, files: Sequence[NamedFile]) -> httpx.Response:
        parts = [("images", (name, content)) for name, content in files]
        return self.http.post("/api/upload/", files=parts)

    def wait(self, task_ids: Sequence[str]) -> list[dict[str, Any]]:
        """The tasks once none of them is PENDING."""
        deadline = time.monotonic() + _RESULT_SECONDS
        while True:
            answer = self.http.get("/api/task-status/", params={"task_id": list(task_ids)})
            tasks: list[dict[str, Any]] = answer.json()["tasks"]
            if all(task["status"] != "PENDING" for task in tasks):
                return tasks
            assert time.monotonic() < deadline, f"still pending: {tasks}"


@dataclass(frozen=True)
class StackState:
    """What lies behind the API of a stack."""

    stack: RunningStack

    def count(self, query: str, *arguments: object) -> int:
        connection = psycopg2.connect(self.stack.database_url)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, arguments)
                return int(cursor.fetchone()[0])
        finally:
            connection.close()

    def photos(self) -> int:
        return self.count("SELECT count(*) FROM photos")

    def batches(self) -> int:
        return self.count("SELECT count(*) FROM batches")

    def originals(self) -> set[Path]:
        folder = self.stack.local_dir / "objects" / "originals"
        return {path for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="session")
def stack() -> Iterator[RunningStack]:
    with temporary_stack() as running:
        yield running


@pytest.fixture
def state(stack: RunningStack) -> StackState:
    return StackState(stack)


@pytest.fixture
def api(stack: RunningStack) -> Iterator[PhotoApi]:
    visitor = PhotoApi(stack.base_url)
    yield visitor
    visitor.http.close()


@pytest.fixture
def make_api() -> Iterator[Callable[[str], PhotoApi]]:
    """Visitors of other stacks."""
    visitors: list[PhotoApi] = []

    def make(base_url: str) -> PhotoApi:
        visitors.append(PhotoApi(base_url))
        return visitors[-1]

    yield make
    for visitor in visitors:
        visitor.http.close()


def picture(file_format: str, size: tuple[int, int] = (640, 480)) -> bytes:
    image = Image.effect_noise(size, 60).convert("RGB")
    buffer = BytesIO()
    image.save(buffer, file_format)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    return picture("JPEG")


@pytest.fixture(scope="session")
def make_picture() -> Callable[..., bytes]:
    return picture


@pytest.fixture(scope="session")
def pdf() -> bytes:
    return picture("PDF")


@pytest.fixture(scope="session")
def samples() -> list[Path]:
    """The real photos that stand beside a checkout."""
    folder = Path(__file__).parents[3] / "shared" / "samples"
    found = sorted(path for path in folder.glob("*") if path.suffix in {".jpg", ".png", ".webp"})
    if not found:
        pytest.skip("no sample photos in ../shared/samples")
    return found


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool], str], None]:
    def wait(condition: Callable[[], bool], what: str, within: float = 30.0) -> None:
        deadline = time.monotonic() + within
        while not condition():
            assert time.monotonic() < deadline, f"not within {within} s: {what}"

    return wait


@dataclass(frozen=True)
class StreamedUpload:
    """A multipart body that is made while it is sent: `count` files of the same content."""

    count: int
    content: bytes
    boundary: str = field(default_factory=lambda: secrets.token_hex(8))

    def _head(self, number: int) -> bytes:
        return (
            f'--{self.boundary}\r\nContent-Disposition: form-data; name="images";'
            f' filename="{number:03}.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
        ).encode()

    @property
    def headers(self) -> dict[str, str]:
        length = sum(len(self._head(n)) + len(self.content) + 2 for n in range(self.count))
        return {
            "Content-Type": f"multipart/form-data; boundary={self.boundary}",
            "Content-Length": str(length + len(self.boundary) + 6),
        }

    def __iter__(self) -> Iterator[bytes]:
        for number in range(self.count):
            yield self._head(number)
            yield self.content
            yield b"\r\n"
        yield f"--{self.boundary}--\r\n".encode()


@pytest.fixture(scope="session")
def streamed_upload() -> type[StreamedUpload]:
    return StreamedUpload
