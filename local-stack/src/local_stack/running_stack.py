"""A whole stack as a process of its own: for the demo and for tests across services."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from local_stack.bound_command import bound_command
from local_stack.how_to_use import READY
from local_stack.ports import HOST, free_ports
from local_stack.process_table import ProcessEntry, read_process_table
from local_stack.readiness import http_answers
from local_stack.run_while_used import run_while_used, stop_process
from local_stack.stack_error import StackError
from local_stack.stack_folder import StackFolder
from local_stack.temporary_folder import temporary_folder

_READY_WITHIN_SECONDS = 120
_GRACE_SECONDS = 60
_TRIES = 3
_PORT_SETTINGS = (
    "GATEWAY_PORT",
    "GATEWAY_METRICS_PORT",
    "INGEST_PORT",
    "INGEST_METRICS_PORT",
    "STATUS_PORT",
    "STATUS_METRICS_PORT",
    "WORKER_METRICS_PORT",
    "ADMIN_PORT",
    "ADMIN_METRICS_PORT",
    "POSTGRES_PORT",
    "REDIS_PORT",
)


class RunningStack:
    """A stack that answers; `log` is what its supervisor printed."""

    def __init__(
        self, process: subprocess.Popen[str], folder: StackFolder, gateway_port: int, log: Path
    ) -> None:
        self.base_url = f"http://{HOST}:{gateway_port}"
        self.local_dir = folder.path
        self.log = log
        self._process = process
        self._folder = folder

    @property
    def pid(self) -> int:
        """The process id of the supervisor."""
        return self._process.pid

    @property
    def admin_url(self) -> str:
        """Where its console is."""
        return f"http://{HOST}:{self._port('admin-console')}"

    @property
    def database_url(self) -> str:
        """The stack's database, with its password, for tests that look behind the API."""
        port, password = self._port("postgres"), self._secret("postgres_password")
        return f"postgresql://photo:{password}@{HOST}:{port}/photo"

    @property
    def redis_url(self) -> str:
        """The stack's Redis, with its password, for tests that look behind the API."""
        return f"redis://:{self._secret('redis_password')}@{HOST}:{self._port('redis')}/0"

    def processes(self) -> dict[str, ProcessEntry]:
        """What `processes.json` says now."""
        return read_process_table(self._folder.processes)

    def stop(self) -> int:
        """Stop it as Ctrl-C does, before the context ends, and return its exit code."""
        stop_process(self._process, signal.SIGTERM, _GRACE_SECONDS)
        return self._process.returncode

    def kill(self) -> None:
        """Kill the supervisor as `kill -9` does."""
        self._process.kill()
        self._process.wait()

    def _port(self, name: str) -> int:
        port = self.processes()[name]["port"]
        assert port is not None
        return port

    def _secret(self, name: str) -> str:
        return (self._folder.secrets / name).read_text("ascii")


@contextmanager
def running_stack(
    variables: Mapping[str, str], local_dir: Path, gateway_port: int, folder: Path | None = None
) -> Iterator[RunningStack]:
    """Run the stack while the context lasts, with the environment `variables`.

    It is started in the current `folder` given, else in this process's. Raises `StackError` with
    the end of its log where it does not get ready.
    """
    stack_folder = StackFolder(local_dir)
    stack_folder.create()
    log = stack_folder.logs / "stack.log"
    answers = http_answers(gateway_port, "/readyz")
    with run_while_used(
        bound_command([sys.executable, "-m", "local_stack", "run"]),
        name="the stack",
        folder=folder,
        log=log,
        stop_signal=signal.SIGTERM,
        is_ready=lambda: READY in log.read_text("utf-8") and answers(),
        environment={**variables, "LOCAL_DIR": str(stack_folder.path)},
        ready_within=_READY_WITHIN_SECONDS,
        grace=_GRACE_SECONDS,
    ) as process:
        yield RunningStack(process, stack_folder, gateway_port, log)


@contextmanager
def temporary_stack(
    variables: Mapping[str, str] | None = None, local_dir: Path | None = None
) -> Iterator[RunningStack]:
    """A stack on free ports, in a folder that is removed at the end unless `local_dir` is given.

    `variables` are settings of the stack or of any service; no `.env` file is read. Give the same
    `local_dir` twice to see what survives a restart; as root it must be open to other users, as
    `temporary_folder` makes it.
    """
    with ExitStack() as context:
        folder = local_dir or context.enter_context(temporary_folder())
        yield _start(context, dict(variables or {}), folder)


def _start(context: ExitStack, variables: Mapping[str, str], folder: Path) -> RunningStack:
    for attempt in range(1, _TRIES + 1):
        names = [name for name in _PORT_SETTINGS if name not in variables]
        ports = dict(zip(names, map(str, free_ports(len(names))), strict=True))
        chosen = {**ports, **variables}
        try:
            return context.enter_context(
                running_stack(chosen, folder, int(chosen["GATEWAY_PORT"]), folder=folder)
            )
        except StackError as error:
            # Another process may have taken a port between our choice and the stack's start.
            if attempt == _TRIES or " is taken: " not in str(error):
                raise
    raise AssertionError("unreachable: the last try returns or raises")
