"""A browser on the page of a real stack, with what follows photos in the hands of the tests."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    expect,
)

from local_stack.running_stack import RunningStack

_PAGE_MILLISECONDS = 30_000
_RESULT_SECONDS = 60.0

# What main.js does for this part of the page, with a record of what the watch says.
_FOLLOW = """async ({ assets, language }) => {
  const load = (name) => import(assets + name);
  const [{ loadCatalog }, { TaskWatch }, { PhotoStore }, { Gallery }] = await Promise.all(
    ["i18n.js", "watch.js", "photo_store.js", "gallery.js"].map(load));
  await loadCatalog(language);
  const [watch, store] = [new TaskWatch(), new PhotoStore()];
  const said = [];
  for (const type of ["task", "deleted", "link"]) {
    watch.addEventListener(type, ({ detail }) => said.push({ type, detail }));
  }
  store.follow(watch);
  const part = (id) => document.getElementById(id);
  part("photos").hidden = false;
  part("gallery").classList.add("gallery");
  document.documentElement.classList.add("js");
  const announced = [];
  const gallery = new Gallery({
    list: part("gallery"), more: part("more"), dialog: part("details"), store,
    announce: (text) => announced.push(text),
  });
  globalThis.following = { watch, store, gallery, said, announced, load };
}"""

NamedFile = tuple[str, bytes]

expect.set_options(timeout=_PAGE_MILLISECONDS)


@dataclass
class Visitor:
    """Somebody with the page open, and a program that acts in the same session."""

    page: Page
    context: BrowserContext
    http: httpx.Client

    def follow(self, *, language: str = "en", start: bool = True) -> None:
        """Set up watch, store and gallery as main.js does, and start them."""
        address = self.page.locator("script[type=module]").get_attribute("src")
        assert address
        assets = address.rpartition("/")[0] + "/"
        self.page.evaluate(_FOLLOW, {"assets": assets, "language": language})
        if start:
            self.page.evaluate("following.watch.start(); following.gallery.start()")

    def reload(self) -> None:
        """Load the page again, and follow again."""
        self.page.reload()
        self.follow()

    def upload(self, files: Sequence[NamedFile]) -> list[dict[str, Any]]:
        """The accepted tasks."""
        parts = [("images", (name, content)) for name, content in files]
        accepted: list[dict[str, Any]] = self.http.post("/api/upload/", files=parts).json()[
            "accepted"
        ]
        assert len(accepted) == len(files)
        return accepted

    def finished(self, tasks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """The same tasks once none of them is PENDING."""
        ids = [task["task_id"] for task in tasks]
        deadline = time.monotonic() + _RESULT_SECONDS
        while True:
            answer = self.http.get("/api/task-status/", params={"task_id": ids})
            told: list[dict[str, Any]] = answer.json()["tasks"]
            if all(task["status"] != "PENDING" for task in told):
                return told
            assert time.monotonic() < deadline, f"still pending: {told}"
            # Between two looks: what is waited for needs the processor too.
            self.page.wait_for_timeout(20)

    def shown(self) -> dict[str, str]:
        """The status that the store has of each task."""
        statuses: dict[str, str] = self.page.evaluate(
            "Object.fromEntries(following.store.tasks.map((task) => [task.task_id, task.status]))"
        )
        return statuses

    def card(self, name: str) -> Locator:
        """The photo with this name in the gallery."""
        return self.page.get_by_role("article", name=name, exact=True)

    def open_details(self, name: str) -> Locator:
        """The dialog, opened by the picture in the gallery."""
        self.page.get_by_role("button", name=f"Details of {self.isolated(name)}").click()
        details = self.page.get_by_role("dialog", name=name, exact=True)
        expect(details).to_be_visible()
        return details

    @staticmethod
    def isolated(name: str) -> str:
        """As a name stands in a sentence, whatever its script."""
        return f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}"

    def until(self, condition: str, argument: object = None) -> None:
        """Wait until the expression of JavaScript is true; `it` is the argument."""
        self.page.wait_for_function(f"(it) => ({condition})", arg=argument)

    def until_link(self, link: str) -> None:
        """Wait until the watch hears in this way."""
        self.until("following.watch.link === it", link)

    def until_shown(self, tasks: Sequence[dict[str, Any]], status: str) -> None:
        """Wait until the store has these tasks with the status."""
        self.until(
            "it.ids.every((id) => following.store.get(id)?.status === it.status)",
            {"ids": [task["task_id"] for task in tasks], "status": status},
        )


@pytest.fixture
def visitor(browser: Browser, stack: RunningStack) -> Iterator[Visitor]:
    """A visitor of the page, whose own script is kept away: tests run its parts themselves."""
    context = browser.new_context(base_url=stack.base_url, locale="en-GB")
    context.set_default_timeout(_PAGE_MILLISECONDS)
    context.route("**/main.js", lambda route: route.abort())
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None,
    )
    page.goto("/api/")
    with httpx.Client(base_url=stack.base_url, timeout=60, trust_env=False) as http:
        for cookie in context.cookies():
            http.cookies.set(cookie["name"], cookie["value"])
        http.headers["X-CSRFToken"] = http.get("/api/csrf").json()["csrf_token"]
        yield Visitor(page, context, http)
    context.close()
    assert faults == []


MakeJpeg = Callable[..., bytes]


@pytest.fixture(scope="session")
def make_jpeg() -> MakeJpeg:
    """Photos of one colour each, quick to process."""

    def make(color: str = "teal", size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
        buffer = BytesIO()
        Image.new("RGB", size, color).save(buffer, "JPEG", **options)
        return buffer.getvalue()

    return make


@pytest.fixture(scope="session")
def jpeg(make_jpeg: MakeJpeg) -> bytes:
    return make_jpeg()


@pytest.fixture(scope="session")
def truncated() -> bytes:
    """A JPEG that ends in the middle: every run of it fails."""
    buffer = BytesIO()
    Image.effect_noise((320, 240), 60).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()[: buffer.tell() // 2]
