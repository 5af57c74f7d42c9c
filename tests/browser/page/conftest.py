"""The page in Debian's Chromium against a real stack, used as people use it."""

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import ExifTags, Image
from playwright.sync_api import Browser, Locator, Page, Route, expect

from local_stack.running_stack import RunningStack

_MILLISECONDS = 30_000
_TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", ({ blockedURI, effectiveDirective }) =>
  console.error(`${effectiveDirective} forbids ${blockedURI}`));
"""

expect.set_options(timeout=_MILLISECONDS)


class PhotoPage:
    """The page as a person sees it: by roles and names, in English."""

    def __init__(self, page: Page, base_url: str) -> None:
        self.page = page
        self.base_url = base_url
        self.complaints: list[str] = []
        page.add_init_script(_TELL_VIOLATIONS)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._on_console)

    def _on_console(self, line: Any) -> None:
        # Chromium tells of answers that are errors, and of what a page without scripts leaves.
        own = ("Failed to load resource", "was preloaded using link preload")
        if line.type in {"error", "warning"} and not any(each in line.text for each in own):
            self.complaints.append(line.text)

    def open(self) -> None:
        self.page.goto(f"{self.base_url}/api/")
        expect(self.page.locator("html.js")).to_be_attached()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def choose(self, *files: Any, button: str = "Choose files") -> None:
        with self.page.expect_file_chooser() as chooser:
            self.button(button).click()
        chooser.value.set_files(list(files))

    def send(self, count: int) -> None:
        self.button(f"Upload {count} file{'s' * (count != 1)}").click()

    def hold_uploads(self) -> list[Route]:
        """Lets uploads go out and not arrive; the list grows by each."""
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        self.page.route("**/api/upload/", hold)
        return held

    def drag(self, kind: str, *paths: Path) -> None:
        """What Chromium does when files are dragged over it: dragEnter, dragOver, drop, …"""
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        session = self.page.context.new_cdp_session(self.page)
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 40, "y": 300, "data": data})
        session.detach()

    @property
    def waiting(self) -> Locator:
        """The chosen files that nothing is wrong with."""
        return self.page.get_by_role("list", name="Chosen files").locator("> li")

    def refused(self, name: str) -> Locator:
        """A chosen file that needs attention."""
        return self.page.locator("section.refused").get_by_role("listitem").filter(has_text=name)

    @property
    def headline(self) -> Locator:
        """What the page says of the upload as a whole."""
        return self.page.locator(".progress-title")

    @property
    def overall(self) -> Locator:
        return self.page.get_by_role("progressbar", name="Upload", exact=True)

    @property
    def photos(self) -> Locator:
        return self.page.get_by_role("region", name="Your photos").get_by_role("article")

    def photo(self, name: str) -> Locator:
        return self.photos.filter(has=self.page.get_by_role("heading", name=name, exact=True))


@pytest.fixture
def visit(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., PhotoPage]]:
    """Opens the page for a new visitor; options are those of a browser context."""
    visited: list[PhotoPage] = []

    def visitor(base_url: str | None = None, **options: Any) -> PhotoPage:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(_MILLISECONDS)
        address = base_url or request.getfixturevalue("stack").base_url
        opened = context.new_page()
        # Listened for from the start: a chooser that opens while Playwright begins to listen for it
        # is never told.
        opened.on("filechooser", lambda _chooser: None)
        visited.append(PhotoPage(opened, address))
        return visited[-1]

    yield visitor
    for each in visited:
        with suppress(Exception):
            each.page.context.unroute_all(behavior="ignoreErrors")
        each.page.context.close()
    assert [told for each in visited for told in each.complaints] == []


@pytest.fixture
def photo_page(visit: Callable[..., PhotoPage]) -> PhotoPage:
    opened = visit()
    opened.open()
    return opened


def picture(seed: int, size: tuple[int, int] = (320, 240)) -> bytes:
    """A JPEG of soft colours, another one for each seed."""
    chosen = random.Random(seed)
    tiny = Image.frombytes("RGB", (4, 3), chosen.randbytes(36))
    buffer = BytesIO()
    tiny.resize(size, Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def make_photos() -> Callable[..., list[dict[str, Any]]]:
    """So many photos, as Playwright gives them to a page: photo-000.jpg and so on."""

    def made(count: int, size: tuple[int, int] = (320, 240)) -> list[dict[str, Any]]:
        return [
            {
                "name": f"photo-{number:03}.jpg",
                "mimeType": "image/jpeg",
                "buffer": picture(number, size),
            }
            for number in range(count)
        ]

    return made


@pytest.fixture(scope="session")
def bad_files() -> list[dict[str, Any]]:
    """Files that the page refuses by itself: by extension, content, size and emptiness."""
    return [
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"notes"},
        {"name": "letter.jpg", "mimeType": "image/jpeg", "buffer": b"Dear reader,"},
        {"name": "empty.png", "mimeType": "image/png", "buffer": b""},
        {
            "name": "huge.jpg",
            "mimeType": "image/jpeg",
            "buffer": b"\xff\xd8\xff\xe0" + bytes(5 * 2**20),
        },
    ]


@pytest.fixture(scope="session")
def broken_photo() -> dict[str, Any]:
    """Begins as a PNG does, so that only processing finds out."""
    content = b"\x89PNG\r\n\x1a\n" + b"this is not a photo. " * 400
    return {"name": "broken.png", "mimeType": "image/png", "buffer": content}


@pytest.fixture(scope="session")
def turned_photo() -> dict[str, Any]:
    """Red above blue, as a camera that was held upright stores it: lying on its side."""
    upright = Image.new("RGB", (300, 400), "blue")
    upright.paste("red", (0, 0, 300, 200))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # to be turned by 90 degrees clockwise
    buffer = BytesIO()
    upright.transpose(Image.Transpose.ROTATE_90).save(buffer, "JPEG", exif=exif)
    return {"name": "turned.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()}


@pytest.fixture
def standing_still(stack: RunningStack) -> Callable[[str], AbstractContextManager[None]]:
    """Stops a program of the stack, and its children, until the end of the block."""

    @contextmanager
    def still(name: str) -> Iterator[None]:
        parent = psutil.Process(stack.processes()[name]["pid"])
        parent.suspend()
        # Only now: a parent that stands still has no more children.
        family = [parent, *parent.children()]
        try:
            for process in family:
                process.suspend()
            yield
        finally:
            for process in family:
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    return still


@pytest.fixture
def photo_folder(tmp_path: Path) -> Path:
    """A folder with a folder in it, three photos, and a file that systems leave behind."""
    folder = tmp_path / "holiday"
    (folder / "day two").mkdir(parents=True)
    (folder / "beach.jpg").write_bytes(picture(1))
    (folder / "day two" / "hills.jpg").write_bytes(picture(2))
    (folder / "day two" / "lake.jpg").write_bytes(picture(3))
    (folder / ".DS_Store").write_bytes(b"not for people")
    return folder
