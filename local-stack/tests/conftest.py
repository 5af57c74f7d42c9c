"""What the tests of the local stack share."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from local_stack.bound_command import bound_command
from local_stack.ports import free_ports
from local_stack.process_table import ProcessEntry, read_process_table
from local_stack.temporary_folder import temporary_folder

_WITHIN_SECONDS = 30
_FAKE_STACK = Path(__file__).parent / "integration" / "fake_stack.py"

WaitUntil = Callable[[Callable[[], bool]], None]


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _WITHIN_SECONDS
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        pause.wait(0.02)


class FakeStack:
    """A stack with a fake service, running in a process of its own."""

    def __init__(self, folder: Path, ports: list[int], *manners: str) -> None:
        self.folder = folder
        self.ports = ports
        arguments = [str(folder), *map(str, ports), *manners]
        self.process = subprocess.Popen(
            bound_command([sys.executable, str(_FAKE_STACK), *arguments]),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_until_ready(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def processes(self) -> dict[str, ProcessEntry]:
        return read_process_table(self.folder / "processes.json")

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@pytest.fixture
def wait_until() -> WaitUntil:
    """Waits until a condition is true, with a deadline."""
    return _wait_until


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that Postgres may enter whoever runs the tests."""
    with temporary_folder() as folder:
        yield folder


@pytest.fixture
def fake_stack(open_folder: Path) -> Iterator[Callable[..., FakeStack]]:
    """Starts stacks in one folder on the same ports; ends what still runs."""
    ports = free_ports(3)
    started: list[FakeStack] = []

    def start(*manners: str) -> FakeStack:
        started.append(FakeStack(open_folder, ports, *manners))
        return started[-1]

    yield start
    for stack in started:
        with stack.process:
            if stack.process.poll() is None:
                family = stack.family()
                stack.process.kill()
                psutil.wait_procs(family, timeout=_WITHIN_SECONDS)
