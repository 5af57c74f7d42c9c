"""A whole stack, a client as people write them, and files to upload."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg2
import pytest
from PIL import Image, ImageDraw

from local_stack.running_stack import RunningStack, temporary_stack

_RESULT_SECONDS = 60.0

NamedFile = tuple[str, bytes]


def _pace() -> None:
    """Between two looks at a condition: what is waited for needs the processor too."""
    threading.Event().wait(0.01)


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
            _pace()


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
    # Reflection is for what docs/api.md says of grpcurl.
    with temporary_stack({"GRPC_REFLECTION": "true"}) as running:
        yield running


@pytest.fixture
def state(stack: RunningStack) -> StackState:
    return StackState(stack)


@pytest.fixture
def open_state() -> type[StackState]:
    """Looks behind the API of another stack."""
    return StackState


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


_ORIENTATION = 0x0112
# What turns an upright picture into how a camera stores it (EXIF 2.32, 4.6.4 A).
_STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def make_photos(folder: Path) -> list[Path]:
    """Photos like the real ones, and named like them."""
    upright = _picture(900, 600)
    for orientation in range(1, 9):
        stored = upright.transpose(_STORED[orientation]) if orientation > 1 else upright
        exif = Image.Exif()
        exif[_ORIENTATION] = orientation
        stored.save(folder / f"Landscape_{orientation}.jpg", exif=exif, quality=95)
    _picture(600, 900).save(folder / "Portrait_1.jpg")
    upright.convert("CMYK").save(folder / "cmyk.jpg")
    upright.save(folder / "leaf.webp")
    transparent = upright.convert("RGBA")
    transparent.putalpha(Image.linear_gradient("L").resize(upright.size))
    transparent.save(folder / "paper_alpha.png")
    return sorted(folder.iterdir())


def _picture(width: int, height: int) -> Image.Image:
    """Different in each corner, so that no turn or mirror looks like another."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 2, height // 3), fill="crimson")
    draw.rectangle((width // 2, 0, width, height // 4), fill="navy")
    draw.ellipse((0, height // 2, width // 3, height), fill="green")
    draw.line((width // 2, height, width, height // 2), fill="black", width=20)
    return image


@pytest.fixture(scope="session", params=["generated", "real"])
def samples(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Photos of every kind: those made here, and the real ones that may stand beside a checkout."""
    if request.param == "generated":
        return make_photos(tmp_path_factory.mktemp("photos"))
    folder = Path(__file__).parents[3] / "shared" / "samples"
    found = sorted(path for path in folder.glob("*") if path.suffix in {".jpg", ".png", ".webp"})
    if not found:
        pytest.skip("no real photos in ../shared/samples")
    return found


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool], str], None]:
    def wait(condition: Callable[[], bool], what: str, within: float = 30.0) -> None:
        deadline = time.monotonic() + within
        while not condition():
            assert time.monotonic() < deadline, f"not within {within} s: {what}"
            _pace()

    return wait


def _stop(process: psutil.Process) -> None:
    """Send SIGSTOP and wait until it holds: threads on another processor run on for a moment."""
    process.suspend()
    deadline = time.monotonic() + 10
    while any(
        psutil.Process(thread.id).status() != psutil.STATUS_STOPPED for thread in process.threads()
    ):
        assert time.monotonic() < deadline, f"{process} does not stop"
        _pace()


@contextmanager
def _standing_still(pid: int, *, with_children: bool = True) -> Iterator[None]:
    """Stop a process, and its children, with SIGSTOP until the end of the block."""
    parent = psutil.Process(pid)
    family = [parent]
    try:
        _stop(parent)
        # Only now: a parent that stands still has no more children.
        for child in parent.children() if with_children else []:
            family.append(child)
            _stop(child)
        yield
    finally:
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.resume()


@pytest.fixture
def standing_still() -> Callable[..., AbstractContextManager[None]]:
    return _standing_still


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
