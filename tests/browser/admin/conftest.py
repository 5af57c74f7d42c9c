"""Operators at the console of a real stack, in a browser."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import httpx
import psycopg2
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from local_stack.running_stack import RunningStack, temporary_stack

PASSWORD = "a lighthouse keeper counts seven gulls"
_MILLISECONDS = 30_000
_RESULT_SECONDS = 60.0

expect.set_options(timeout=_MILLISECONDS)


@pytest.fixture(scope="session")
def stack() -> Iterator[RunningStack]:
    with temporary_stack() as running:
        yield running


def create(stack: RunningStack, name: str, role: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "admin_console", "createsuperuser", "--role", role],
        env={
            "PATH": os.environ["PATH"],  # noqa: TID251 - handed on as it is
            "DATABASE_URL": stack.database_url,
            "ADMIN_USERNAME": name,
            "ADMIN_PASSWORD": PASSWORD,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def create_operator(stack: RunningStack) -> Callable[..., None]:
    """Runs the command that `make createsuperuser` runs."""
    return lambda name, role="superuser": create(stack, name, role)


@pytest.fixture(scope="session")
def operators(stack: RunningStack) -> None:
    """ada, a superuser, and vera, who may only look."""
    create(stack, "ada", "superuser")
    create(stack, "vera", "viewer")


@pytest.fixture
def resumed_lanes(stack: RunningStack) -> Iterator[None]:
    """No lane stays paused after a test that fails; those that pass resume theirs."""
    yield
    connection = psycopg2.connect(stack.database_url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("DELETE FROM paused_lanes")
    finally:
        connection.close()


class Desk:
    """The browser of an operator."""

    def __init__(self, page: Page, base_url: str) -> None:
        self.page = page
        self.base_url = base_url
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._listen)

    def _listen(self, line: Any) -> None:
        # Answers that refuse are said in the console too, and are no complaint of the page.
        if line.type == "error" and "Failed to load resource" not in line.text:
            self.complaints.append(line.text)

    def open(self, path: str) -> None:
        self.page.goto(f"{self.base_url}{path}")

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        self.open("/admin/login")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.button("Sign in").click()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name, exact=True)

    def row(self, text: str) -> Locator:
        return self.page.get_by_role("row").filter(has_text=text)


@pytest.fixture
def open_desk(browser: Browser, stack: RunningStack) -> Iterator[Callable[..., Desk]]:
    """Opens the browser of somebody who has not signed in."""
    desks: list[Desk] = []

    def opened(**options: Any) -> Desk:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(_MILLISECONDS)
        desks.append(Desk(context.new_page(), stack.admin_url))
        return desks[-1]

    yield opened
    for desk in desks:
        desk.page.context.close()
    assert [told for desk in desks for told in desk.complaints] == []


@pytest.fixture
def ada(open_desk: Callable[..., Desk], operators: None) -> Desk:
    desk = open_desk()
    desk.sign_in("ada")
    expect(desk.page.get_by_role("heading", name="Overview")).to_be_visible()
    return desk


@pytest.fixture
def vera(open_desk: Callable[..., Desk], operators: None) -> Desk:
    desk = open_desk()
    desk.sign_in("vera")
    expect(desk.page.get_by_role("heading", name="Overview")).to_be_visible()
    return desk


class Uploader:
    """Somebody who uploads photos over the API."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def upload(self, *files: tuple[str, bytes]) -> list[dict[str, Any]]:
        """The accepted tasks."""
        parts = [("images", each) for each in files]
        answer = self._http.post("/api/upload/", files=parts)
        assert answer.status_code == 202, answer.text
        accepted: list[dict[str, Any]] = answer.json()["accepted"]
        return accepted

    def finished(self, tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The same tasks once none of them is PENDING."""
        ids = [task["task_id"] for task in tasks]
        deadline = time.monotonic() + _RESULT_SECONDS
        while True:
            answer = self._http.get("/api/task-status/", params={"task_id": ids})
            told: list[dict[str, Any]] = answer.json()["tasks"]
            if all(task["status"] != "PENDING" for task in told):
                return told
            assert time.monotonic() < deadline, f"still pending: {told}"
            time.sleep(0.05)  # noqa: TID251 - between two looks at the condition


@pytest.fixture
def uploader(stack: RunningStack) -> Iterator[Uploader]:
    with httpx.Client(base_url=stack.base_url, timeout=60, trust_env=False) as http:
        http.get("/api/")
        http.headers["X-CSRFToken"] = http.get("/api/csrf").json()["csrf_token"]
        yield Uploader(http)


def jpeg(color: str = "teal", size: tuple[int, int] = (64, 48)) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", size, color).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def make_jpeg() -> Callable[..., bytes]:
    return jpeg


@pytest.fixture(scope="session")
def broken_png() -> bytes:
    """Begins as a PNG does, so that only processing finds out."""
    return b"\x89PNG\r\n\x1a\n" + b"this is not a photo. " * 400
