"""A real container engine, and in it the images that `make images` builds."""

import fcntl
import json
import os
import re
import secrets
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import pytest

_ROOT = Path(__file__).parents[2]
# Brings an engine up on a machine that has none, where somebody put it beside the checkout.
_STAND_IN = _ROOT.parent / "shared" / "tools" / "containers.sh"
# Whoever uses that engine holds a lock on it, so that nobody stops it under another.
_USERS = Path("/run/photos-test-engine.lock")
# What leads to an engine and its credentials. The rest of a shell (AUTH, COMPOSE_FILE, …) would
# change what is tested.
_INHERITED = {
    *("PATH", "HOME", "USER", "LANG", "TMPDIR", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"),
    *("SSH_AUTH_SOCK", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "no_proxy"),
}
_INHERITED_PREFIXES = ("DOCKER_", "BUILDKIT_", "BUILDX_", "CONTAINERS_")
_ENGINE_SECONDS = 600
_END_SECONDS = 60
_BUILD_SECONDS = 1800
_IMAGES = (
    *("upload-gateway", "ingest-service", "status-service", "worker", "admin-console"),
    "migrations",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("deploy")


def run_bounded(
    command: Sequence[str], seconds: float, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run it in a process group of its own, which ends as a whole when the time is over."""
    with subprocess.Popen(command, text=True, start_new_session=True, **options) as process:
        try:
            said, complained = process.communicate(timeout=seconds)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, process.returncode, said, complained)


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

    def answers(self, *command: str) -> bool:
        """Whether it is there, and can do so."""
        try:
            return self.run(*command, check=False).returncode == 0
        except (OSError, subprocess.TimeoutExpired):
            return False

    def _run(
        self, command: Sequence[str], seconds: float, *, check: bool, **more: str
    ) -> subprocess.CompletedProcess[str]:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        variables = {**self.variables, **more}
        done = run_bounded(command, seconds, cwd=_ROOT, env=variables, **pipes)
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done


class NoEngineError(Exception):
    """Nothing here can be tested; the message is the last line of what says why."""


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    required = request.config.getoption("--require-engine")
    inherited = {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 - what leads to the engine
        if name in _INHERITED or name.startswith(_INHERITED_PREFIXES)
    }
    found = Engine(inherited)
    try:
        if _STAND_IN.exists() and os.geteuid() == 0:
            with _stand_in_engine(found) as stand_in:
                yield stand_in
        elif found.answers("version") and found.answers("compose", "version"):
            yield found
        else:
            raise NoEngineError("no `docker` with Compose answers")
    except NoEngineError as error:
        told = f"THE ENGINE DID NOT COME UP: IMAGES AND COMPOSE ARE NOT TESTED: {error}"
        if required:
            pytest.fail(told, pytrace=False)
        pytest.skip(told)


@contextmanager
def _stand_in_engine(found: Engine) -> Iterator[Engine]:
    """The engine that answers, else that of the stand-in, until nobody uses it any more."""
    with _USERS.open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        was_running = found.answers("version")
        if was_running and found.answers("compose", "version"):
            yield found
            return
        try:
            for step in ("up", "images"):
                _stand_in(step, found)
            told = shlex.split(_stand_in("env", found).removeprefix("export "))
            variables = dict(each.split("=", 1) for each in told)
            path = variables["PATH"].replace("$PATH", found.variables["PATH"])
            yield Engine({**found.variables, **variables, "PATH": path})
        finally:
            if not was_running and _is_left(users, found):
                _stand_in("down", found)
                _await_end(found)


def _is_left(users: IO[str], engine: Engine) -> bool:
    """No other test run uses the engine, and nobody else has a container in it."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return engine.answers("version") and not engine.run("ps", "--quiet").stdout


def _await_end(engine: Engine) -> None:
    deadline = time.monotonic() + _END_SECONDS
    while engine.answers("version"):
        assert time.monotonic() < deadline, "the engine does not end"
        threading.Event().wait(0.2)


def _stand_in(step: str, engine: Engine) -> str:
    command = ["bash", str(_STAND_IN), step]
    # A file, not a pipe: the engine that it starts in the background would hold that open.
    with TemporaryFile("w+") as output:
        told = {"stdout": output, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
        try:
            code = run_bounded(command, _ENGINE_SECONDS, env=engine.variables, **told).returncode
        except subprocess.TimeoutExpired:
            code = None
        output.seek(0)
        said = output.read().strip()
    if code != 0:
        ended = "took too long" if code is None else f"ended with {code}"
        raise NoEngineError(f"{_STAND_IN.name} {step} {ended}: {said.rpartition(chr(10))[2]}")
    return said


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
            COMPOSE_ENV_FILES=".env.example",
        )
        yield built
    finally:
        listed = ("image", "ls", "--filter", f"reference={built.prefix}/*")
        found = engine.run(*listed, "--format", "{{.Repository}}:{{.Tag}}").stdout.split()
        if found:
            engine.run("image", "rm", *found)


@pytest.fixture(scope="session")
def next_image(
    engine: Engine, images: Images, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    """Builds the next version of a service, of changed code; the name of the image.

    Beside it, tagged `before`, is another of other code.
    """
    context = tmp_path_factory.mktemp("next")
    ignored = (_ROOT / ".dockerignore").read_text("utf-8")
    shutil.copy(_ROOT / ".dockerignore", context)
    for folder in re.findall("^!(.+)$", ignored, re.MULTILINE):
        without = shutil.ignore_patterns("tests", "__pycache__", "*.egg-info", ".*")
        shutil.copytree(_ROOT / folder, context / folder, ignore=without)

    def build_as(tag: str, service: str) -> str:
        (entrypoint,) = (context / service).glob("src/*/__main__.py")
        with entrypoint.open("a", encoding="utf-8") as code:
            code.write(f"# {tag} of {images.prefix}\n")
        name = replace(images, tag=tag).name(service)
        engine.run(
            *("build", "--file", str(context / service / "Dockerfile")),
            *("--build-arg", f"VERSION={tag}", "--tag", name, str(context)),
            seconds=_BUILD_SECONDS,
        )
        return name

    @cache
    def build(service: str) -> str:
        # Of new code too: an engine that holds a layer twice would take the other for the old.
        build_as("before", service)
        return build_as("next", service)

    return build


@pytest.fixture(params=_IMAGES)
def image(request: pytest.FixtureRequest, images: Images) -> str:
    """The name of each image in turn."""
    return images.name(request.param)


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., None]:
    def wait(condition: Callable[[], bool], what: str, within: float = 60.0) -> None:
        deadline = time.monotonic() + within
        while not condition():
            assert time.monotonic() < deadline, f"not within {within} s: {what}"
            threading.Event().wait(0.05)

    return wait
