"""One process that runs as long as a `with` block, for tests and the demo."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from local_stack.settings import inherited_variables
from local_stack.stack_error import StackError

_POLL_SECONDS = 0.02
_LAST_LINES = 20


@contextmanager
def run_while_used(
    command: Sequence[str],
    *,
    name: str,
    folder: Path | None,
    log: Path,
    stop_signal: signal.Signals,
    is_ready: Callable[[], bool],
    environment: Mapping[str, str] | None = None,
    input_text: str = "",
    ready_within: float = 30,
    grace: float = 10,
) -> Iterator[subprocess.Popen[str]]:
    """Start `command` in `folder`, wait until it is ready, and stop it at the end.

    Times are in seconds. `environment` is what it sees beside the inherited variables. Raises
    `StackError` with the end of its `log` where it is not ready in time.
    """
    with log.open("w") as output:
        process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            text=True,
            cwd=folder,
            env=inherited_variables() | dict(environment or {}),
            start_new_session=True,
        )
    try:
        assert process.stdin is not None
        process.stdin.write(input_text)
        process.stdin.close()
        _wait_until_ready(process, name, log, is_ready, ready_within)
        yield process
    finally:
        stop_process(process, stop_signal, grace)


def stop_process(process: subprocess.Popen[str], stop_signal: signal.Signals, grace: float) -> None:
    """End `process` in order, or after `grace` seconds by force; nothing if it ended already."""
    if process.poll() is None:
        process.send_signal(stop_signal)
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def last_lines(log: Path) -> str:
    """The end of `log`, indented to stand under a message."""
    lines = log.read_text("utf-8", errors="replace").splitlines()[-_LAST_LINES:]
    return "".join(f"\n    {line}" for line in lines)


def _wait_until_ready(
    process: subprocess.Popen[str],
    name: str,
    log: Path,
    is_ready: Callable[[], bool],
    within: float,
) -> None:
    deadline = time.monotonic() + within
    while not is_ready():
        try:
            code = process.wait(_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if time.monotonic() < deadline:
                continue
            raise StackError(f"{name} was not ready in {within:.0f} s{last_lines(log)}") from None
        raise StackError(
            f"{name} ended with code {code} before it was ready{last_lines(log)}",
            exit_code=code if code > 0 else 1,
        )
