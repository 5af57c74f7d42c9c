"""The images, and the system of docker-compose.yml made of them, in a real container engine."""

import json
import os
import secrets
import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import httpx
import pytest

from local_stack.photo_api import PhotoApi
from local_stack.ports import free_ports

_ROOT = Path(__file__).parents[2]
# Brings an engine up on a machine that has none, where somebody put it beside the checkout.
_STAND_IN = _ROOT.parent / "shared" / "tools" / "containers.sh"
_ENGINE_SECONDS = 600
_BUILD_SECONDS = 1800
_UP_SECONDS = 300
_RESULT_SECONDS = 120.0
_IMAGES = (
    *("upload-gateway", "ingest-service", "status-service", "worker", "admin-console"),
    "migrations",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("deploy")


@dataclass(frozen=True)
class Engine:
    """Runs `docker` with the variables that lead to the engine."""

    variables: Mapping[str, str]

    def run(
        self, *arguments: str, seconds: float = 60, check: bool = True, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `docker …`; `more` are variables besides."""
        return self._run(["docker", *arguments], seconds, check=check, **more)

    def script(self, *command: str, seconds: float, **more: str) -> str:
        """Run a script of the repository that uses docker; what it said."""
        done = self._run(list(command), seconds, check=True, **more)
        return done.stdout + done.stderr

    def inspect(self, name: str) -> Any:
        return json.loads(self.run("inspect", name).stdout)[0]

    def _run(
        self, command: Sequence[str], seconds: float, *, check: bool, **more: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command,
            cwd=_ROOT,
            env={**self.variables, **more},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    inherited = dict(os.environ)  # noqa: TID251 - what leads to the engine
    if _answers(inherited):
        yield Engine(inherited)
        return
    if not _STAND_IN.exists() or os.geteuid() != 0:
        pytest.skip(
            "no container engine with Compose answers: IMAGES AND COMPOSE ARE NOT TESTED",
        )
    was_running = _succeeds(["docker", "version"], inherited)
    for step in ("up", "images"):
        _stand_in(step)
    found = shlex.split(_stand_in("env").removeprefix("export "))
    path = inherited["PATH"]
    told = dict(each.split("=", 1) for each in found)
    variables = {name: value.replace("$PATH", path) for name, value in told.items()}
    yield Engine({**inherited, **variables})
    if not was_running:
        _stand_in("down")


def _answers(variables: Mapping[str, str]) -> bool:
    return _succeeds(["docker", "version"], variables) and _succeeds(
        ["docker", "compose", "version"], variables
    )


def _succeeds(command: Sequence[str], variables: Mapping[str, str]) -> bool:
    try:
        done = subprocess.run(command, env=variables, capture_output=True, check=False, timeout=60)
    except OSError:
        return False
    return done.returncode == 0


def _stand_in(step: str) -> str:
    # A file, not a pipe: the engine that it starts in the background would hold that open.
    with TemporaryFile("w+") as output:
        done = subprocess.run(
            ["bash", str(_STAND_IN), step],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=_ENGINE_SECONDS,
        )
        output.seek(0)
        told = output.read()
    assert done.returncode == 0, told
    return told.strip()


@dataclass(frozen=True)
class Images:
    """What `make images` built."""

    prefix: str
    tag: str

    def name(self, image: str) -> str:
        return f"{self.prefix}/{image}:{self.tag}"


@pytest.fixture(scope="session")
def images(engine: Engine) -> Iterator[Images]:
    built = Images(f"photos-test-{secrets.token_hex(4)}", "built")
    try:
        engine.script(
            *("make", "images", f"PREFIX={built.prefix}", f"TAG={built.tag}"),
            seconds=_BUILD_SECONDS,
        )
        yield built
    finally:
        listed = ("image", "ls", "--filter", f"reference={built.prefix}/*")
        found = engine.run(*listed, "--format", "{{.Repository}}:{{.Tag}}").stdout.split()
        if found:
            engine.run("image", "rm", *found)


@pytest.fixture(params=_IMAGES)
def image(request: pytest.FixtureRequest, images: Images) -> str:
    """The name of each image in turn."""
    return images.name(request.param)


@dataclass(frozen=True)
class ComposeSystem:
    """The containers of docker-compose.yml, as one who typed the two commands has them."""

    engine: Engine
    variables: Mapping[str, str]
    gateway_url: str
    console_url: str

    def compose(
        self, *arguments: str, seconds: float = 120, check: bool = True, **more: str
    ) -> subprocess.CompletedProcess[str]:
        return self.engine.run(
            "compose", *arguments, seconds=seconds, check=check, **{**self.variables, **more}
        )

    def script(self, *command: str, seconds: float = _UP_SECONDS, **more: str) -> str:
        return self.engine.script(*command, seconds=seconds, **{**self.variables, **more})

    def container(self, service: str) -> str:
        """The id of its only container."""
        (found,) = self.compose("ps", "--quiet", service).stdout.split()
        return str(found)

    def python(self, service: str, code: str) -> subprocess.CompletedProcess[str]:
        """Run code in the container of a service, as the user that the service is."""
        return self.compose("exec", "-T", service, "python", "-c", code, check=False)

    def api(self) -> PhotoApi:
        return PhotoApi(self.gateway_url)


@pytest.fixture(scope="session")
def system(engine: Engine, images: Images) -> Iterator[ComposeSystem]:
    gateway, console = free_ports(2)
    variables = {
        "COMPOSE_PROJECT_NAME": f"photos-test-{secrets.token_hex(4)}",
        "COMPOSE_ENV_FILES": ".env.example",
        "IMAGE_PREFIX": images.prefix,
        "IMAGE_TAG": images.tag,
        "GATEWAY_PORT": str(gateway),
        "ADMIN_PORT": str(console),
        # So that what a killed worker was at is taken up again soon.
        "TASK_TIME_LIMIT_SECONDS": "10",
    }
    running = ComposeSystem(
        engine, variables, f"http://127.0.0.1:{gateway}", f"http://127.0.0.1:{console}"
    )
    try:
        done = running.compose("up", "--detach", "--wait", seconds=_UP_SECONDS, check=False)
        if done.returncode != 0:
            logs = running.compose("logs", "--no-color", "--tail", "20", check=False)
            pytest.fail(f"{done.stderr}\n{logs.stdout}")
        yield running
    finally:
        running.compose("down", "--volumes", "--timeout", "20", seconds=_UP_SECONDS)


@pytest.fixture
def wait_until() -> Callable[..., None]:
    def wait(condition: Callable[[], bool], what: str, within: float = 60.0) -> None:
        deadline = time.monotonic() + within
        while not condition():
            assert time.monotonic() < deadline, f"not within {within} s: {what}"
            threading.Event().wait(0.05)

    return wait


@pytest.fixture
def results(wait_until: Callable[..., None]) -> Callable[[PhotoApi, Sequence[str]], Any]:
    """Waits until none of the tasks is PENDING, and returns them."""

    def wait(api: PhotoApi, task_ids: Sequence[str]) -> Any:
        found: list[Any] = []

        def all_ended() -> bool:
            parts = (task_ids[start : start + 100] for start in range(0, len(task_ids), 100))
            found[:] = [task for part in parts for task in api.tasks(part)]
            return all(task["status"] != "PENDING" for task in found)

        wait_until(all_ended, "every photo has its result", _RESULT_SECONDS)
        return found

    return wait


@pytest.fixture
def visitor(system: ComposeSystem) -> Iterator[httpx.Client]:
    """A browser without a session."""
    with httpx.Client(base_url=system.gateway_url, timeout=30, trust_env=False) as client:
        yield client
