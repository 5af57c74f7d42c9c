"""The upload modules of the page in a real browser, a real stack, and the way between them."""

import base64
import re
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Request

from local_stack.ports import HOST
from local_stack.running_stack import RunningStack

_DRIVE = Path(__file__).with_name("drive.js")
_PAGE_MILLISECONDS = 40_000
_TURN_SECONDS = 0.02


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    buffer = BytesIO()
    Image.effect_noise((160, 120), 60).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()


class SteeredNetwork:
    """A TCP proxy before the gateway that breaks connections and holds their bytes as told."""

    def __init__(self, gateway_port: int) -> None:
        self._gateway = (HOST, gateway_port)
        self._is_up = threading.Event()
        self._takes_requests = threading.Event()
        self._gives_answers = threading.Event()
        self._is_closing = threading.Event()
        for state in (self._is_up, self._takes_requests, self._gives_answers):
            state.set()
        self._listener = socket.socket()
        # Small, so that a browser notices when nothing is taken.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        self._listener.bind((HOST, 0))
        self._listener.listen()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self._listener.getsockname()[1]}"

    def go_down(self) -> None:
        """Break every connection, and each new one at once."""
        self._is_up.clear()

    def come_up(self) -> None:
        """Let new connections through."""
        self._is_up.set()

    def hold_requests(self) -> None:
        """Take no more bytes from the browser; its connections stay."""
        self._takes_requests.clear()

    def hold_answers(self) -> None:
        """Give the browser no more bytes; its connections stay."""
        self._gives_answers.clear()

    def release(self) -> None:
        """Let everything flow again."""
        self._takes_requests.set()
        self._gives_answers.set()

    def close(self) -> None:
        self._is_closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                browser, _ = self._listener.accept()
            except OSError:
                return
            if not self._is_up.is_set():
                browser.close()
                continue
            gateway = socket.create_connection(self._gateway)
            thread = threading.Thread(target=self._forward, args=(browser, gateway))
            self._threads.append(thread)
            thread.start()

    def _forward(self, browser: socket.socket, gateway: socket.socket) -> None:
        ways = {
            browser: (gateway, self._takes_requests),
            gateway: (browser, self._gives_answers),
        }
        with browser, gateway, suppress(OSError):
            while self._is_up.is_set() and not self._is_closing.is_set():
                for source in select.select(ways, [], [], _TURN_SECONDS)[0]:
                    target, flows = ways[source]
                    if not flows.is_set():
                        # Whoever hangs up is heard all the same.
                        if not source.recv(1, socket.MSG_PEEK):
                            return
                        self._is_closing.wait(_TURN_SECONDS)
                        continue
                    data = source.recv(64 * 1024)
                    if not data or not self._is_up.is_set():
                        return
                    target.sendall(data)


@pytest.fixture
def network(stack: RunningStack) -> Iterator[SteeredNetwork]:
    port = httpx.URL(stack.base_url).port
    assert port
    way = SteeredNetwork(port)
    yield way
    way.close()


@dataclass
class UploadPage:
    """A page whose modules `drive.js` drives; `uploads` are the requests that it began."""

    page: Page
    stack: RunningStack
    photo: bytes
    assets: str = ""
    uploads: list[Request] = field(default_factory=list)
    broken_off: list[Request] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def open(self, base_url: str, limits: dict[str, Any] | None = None) -> None:
        """Load the page, but not what takes it over, and make a queue in it."""
        self.page.add_init_script(path=_DRIVE)
        self.page.route("**/main.js", lambda route: route.abort())
        self.page.on("request", lambda each: self._note(each, self.uploads))
        self.page.on("requestfailed", lambda each: self._note(each, self.broken_off))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.goto(f"{base_url}/api/")
        found = re.search(r"/api/assets/\w+/", self.page.content())
        assert found
        self.assets = found[0]
        self.run(
            "([assets, photo, limits]) => drive.start(assets, photo, limits)",
            [self.assets, base64.b64encode(self.photo).decode(), limits or {}],
        )

    def run(self, script: str, argument: Any = None) -> Any:
        return self.page.evaluate(script, argument)

    def keys(self) -> list[str]:
        """The Idempotency-Key of each upload that was begun, in that order."""
        return [request.headers["idempotency-key"] for request in self.uploads]

    def photos(self) -> list[str]:
        """The names of the visitor's photos, as the API tells them: oldest first."""
        cookies = {each["name"]: each["value"] for each in self.page.context.cookies()}
        with httpx.Client(base_url=self.stack.base_url, cookies=cookies, trust_env=False) as http:
            names: list[str] = []
            address: str | None = "/api/tasks?limit=100"
            while address:
                answer = http.get(address).json()
                names += [task["file_name"] for task in answer["tasks"]]
                address = answer["next"]
        return names[::-1]

    def until(self, condition: Callable[[], bool], what: str, within: float = 30.0) -> None:
        deadline = time.monotonic() + within
        while not condition():
            assert time.monotonic() < deadline, f"not within {within} s: {what}"
            # Playwright tells of requests only while it is asked for something.
            self.page.wait_for_timeout(10)

    def _note(self, request: Request, requests: list[Request]) -> None:
        if request.method == "POST" and request.url.endswith("/api/upload/"):
            requests.append(request)


@pytest.fixture
def upload_page(browser: Browser, stack: RunningStack, jpeg: bytes) -> Iterator[UploadPage]:
    """The page of a visitor without cookies; still to be opened."""
    context = browser.new_context()
    context.set_default_timeout(_PAGE_MILLISECONDS)
    opened = UploadPage(context.new_page(), stack, jpeg)
    yield opened
    context.close()
    assert opened.faults == []


@pytest.fixture
def steady(upload_page: UploadPage, stack: RunningStack) -> UploadPage:
    """Opened straight at the gateway."""
    upload_page.open(stack.base_url)
    return upload_page


@pytest.fixture
def unsteady(upload_page: UploadPage, network: SteeredNetwork) -> UploadPage:
    """Opened through `network`."""
    upload_page.open(network.base_url)
    return upload_page
