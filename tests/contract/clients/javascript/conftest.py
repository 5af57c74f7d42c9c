"""What clients in JavaScript need: Node with packages of npm, and Chromium driven by Playwright."""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

_HERE = Path(__file__).parent
_CACHE = Path(__file__).parents[4] / ".cache" / "npm"
_INSTALL = (
    *("npm", "install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"),
    *("--loglevel=error", "--fetch-retry-mintimeout=1000"),
)
_INSTALL_SECONDS = 60

_PAGE_MILLISECONDS = 30_000


@pytest.fixture(scope="session")
def node() -> str:
    """The program; with npm beside it."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        pytest.skip("node or npm is not on PATH: Uppy and EventSource in Node are not tried")
    return found


@pytest.fixture(scope="session")
def packages(node: str) -> Path:
    """The folder with what package.json names, installed once for each content of that file."""
    assert node
    wanted = (_HERE / "package.json").read_bytes()
    folder = _CACHE / hashlib.sha256(wanted).hexdigest()[:16]
    if not folder.exists():
        _CACHE.mkdir(parents=True, exist_ok=True)
        # Beside its place and then moved: tests run in several processes, and installing may fail.
        with tempfile.TemporaryDirectory(dir=_CACHE) as beside:
            (Path(beside) / "package.json").write_bytes(wanted)
            _install(beside)
            with suppress(OSError):
                Path(beside).rename(folder)
                Path(beside).mkdir()
    return folder / "node_modules"


def _install(folder: str) -> None:
    try:
        subprocess.run(
            _INSTALL,
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
            timeout=_INSTALL_SECONDS,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        told = str(error.stderr or error).strip().splitlines()
        pytest.skip(f"npm cannot install Uppy and EventSource, which are not tried: {told[0]}")


@pytest.fixture
def scripts(tmp_path: Path, packages: Path) -> Path:
    """A folder with copies of the scripts beside this file, where they find the packages."""
    folder = tmp_path / "scripts"
    folder.mkdir()
    (folder / "node_modules").symlink_to(packages)
    for name in ("package.json", "follow.mjs", "upload_page.js"):
        shutil.copy(_HERE / name, folder)
    return folder


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a visitor without cookies."""
    context = browser.new_context()
    context.set_default_timeout(_PAGE_MILLISECONDS)
    yield context.new_page()
    context.close()
