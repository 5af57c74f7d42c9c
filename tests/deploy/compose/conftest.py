"""The system of docker-compose.yml, made of the images."""

import secrets
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from local_stack.photo_api import PhotoApi

_UP_SECONDS = 300
_RESULT_SECONDS = 120.0


@dataclass(frozen=True)
class ComposeSystem:
    """The containers of docker-compose.yml, as one who typed the two commands has them."""

    engine: Any
    variables: Mapping[str, str]

    def compose(
        self, *arguments: str, seconds: float = 120, check: bool = True, **more: str
    ) -> subprocess.CompletedProcess[str]:
        done: subprocess.CompletedProcess[str] = self.engine.run(
            "compose", *arguments, seconds=seconds, check=check, **{**self.variables, **more}
        )
        return done

    def script(self, *command: str, seconds: float = _UP_SECONDS, **more: str) -> str:
        return str(self.engine.script(*command, seconds=seconds, **{**self.variables, **more}))

    def up(self) -> None:
        done = self.compose("up", "--detach", "--wait", seconds=_UP_SECONDS, check=False)
        if done.returncode != 0:
            logs = self.compose("logs", "--no-color", "--tail", "20", check=False)
            pytest.fail(f"{done.stderr}\n{logs.stdout}")

    def down(self, *arguments: str) -> None:
        self.compose("down", "--timeout", "20", *arguments, seconds=_UP_SECONDS)

    def url(self, service: str, port: int) -> str:
        """Where the engine published a port; elsewhere after each `up`."""
        found = self.compose("port", service, str(port)).stdout.strip()
        return f"http://{found}"

    def container(self, service: str) -> str:
        """The id of its only container."""
        (found,) = self.compose("ps", "--quiet", service).stdout.split()
        return str(found)

    def python(self, service: str, code: str) -> subprocess.CompletedProcess[str]:
        """Run code in the container of a service, as the user that the service is."""
        return self.compose("exec", "-T", service, "python", "-c", code, check=False)

    @property
    def gateway_url(self) -> str:
        return self.url("upload-gateway", 8000)

    def api(self) -> PhotoApi:
        return PhotoApi(self.gateway_url)


@pytest.fixture(scope="session")
def system(engine: Any, images: Any) -> Iterator[ComposeSystem]:
    variables = {
        "COMPOSE_PROJECT_NAME": f"photos-test-{secrets.token_hex(4)}",
        "COMPOSE_ENV_FILES": ".env.example",
        "IMAGE_PREFIX": images.prefix,
        "IMAGE_TAG": images.tag,
        # Whichever are free.
        "GATEWAY_PORT": "0",
        "ADMIN_PORT": "0",
        # So that what a killed worker was at is taken up again soon.
        "TASK_TIME_LIMIT_SECONDS": "10",
    }
    running = ComposeSystem(engine, variables)
    try:
        running.up()
        yield running
    finally:
        running.down("--volumes")


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
