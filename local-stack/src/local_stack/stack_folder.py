"""The folder that holds everything of one stack."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_stack.stack_error import StackError


class StackFolder:
    """The places inside `LOCAL_DIR`; `path` is absolute."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.postgres = self.path / "postgres"
        self.redis = self.path / "redis"
        self.objects = self.path / "objects"
        self.worker_metrics = self.path / "worker-metrics"
        self.secrets = self.path / "secrets"
        self.login_passwords = self.secrets / "logins"
        self.logs = self.path / "logs"
        self.processes = self.path / "processes.json"
        self.sample_photo = self.path / "sample.jpg"
        self.api_key = self.path / "api-key"
        self.api_keys_file = self.path / "api-keys.yaml"
        self._lock = self.path / "lock"

    def create(self) -> None:
        """Make the folders that are not there yet."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for folder in (self.redis, self.objects, self.logs):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StackError(
                f"{self.path} cannot be used ({error.strerror}); set LOCAL_DIR to a folder "
                "that can be written",
                exit_code=2,
            ) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process; the kernel lets go of it however the process ends."""
        with self._lock.open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                lock.seek(0)
                raise StackError(
                    f"another stack (process {lock.read().strip() or 'unknown'}) runs in "
                    f"{self.path}; stop it, or set LOCAL_DIR to another folder",
                    exit_code=2,
                ) from error
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            yield
