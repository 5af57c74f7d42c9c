"""The gateway alone, where keys are required, and visitors with Debian's Chromium."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Browser, Page

from local_stack.ports import free_ports
from local_stack.settings import whole_environment
from upload_gateway.issue_api_key import api_key_entry, new_api_key

_MILLISECONDS = 30_000


@dataclass(frozen=True)
class KeyedGateway:
    """A gateway that asks for keys, and one that it takes. Nothing is behind it."""

    base_url: str
    key: str


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyedGateway]:
    keys = tmp_path_factory.mktemp("keys") / "keys.yaml"
    key = new_api_key()
    keys.write_text(f"keys:\n{api_key_entry(key, 'alice', ['upload', 'read', 'delete'])}")
    port, metrics_port, nobody = free_ports(3)
    environment = {
        **whole_environment(),
        "GATEWAY_PORT": str(port),
        "GATEWAY_METRICS_PORT": str(metrics_port),
        "INGEST_TARGET": f"dns:///127.0.0.1:{nobody}",
        "STATUS_TARGET": f"dns:///127.0.0.1:{nobody}",
        "STORAGE_URL": "memory://",
        "SESSION_SECRET": "s" * 32,
        "AUTH": "required",
        "API_KEYS_FILE": str(keys),
    }
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen([sys.executable, "-m", "upload_gateway"], env=environment) as process:
        try:
            deadline, pause = time.monotonic() + 30, threading.Event()
            while not _answers(url):
                assert process.poll() is None
                assert time.monotonic() < deadline
                pause.wait(0.05)
            yield KeyedGateway(url, key)
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/livez", trust_env=False).is_success
    except httpx.TransportError:
        return False


@pytest.fixture
def visit(browser: Browser, gateway: KeyedGateway) -> Iterator[Callable[..., Page]]:
    """A visitor without cookies at the page, in a language, with scripts or without."""
    contexts = []

    def arrive(language: str = "en-US", *, scripts: bool = True) -> Page:
        context = browser.new_context(locale=language, java_script_enabled=scripts)
        contexts.append(context)
        context.set_default_timeout(_MILLISECONDS)
        page = context.new_page()
        page.goto(f"{gateway.base_url}/api/")
        return page

    yield arrive
    for context in contexts:
        context.close()
