"""The system user that a program runs as when this process is root: Postgres refuses root."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from local_stack.stack_error import StackError

_CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class SystemUser:
    """A user by name and number, with its own group only."""

    name: str
    uid: int
    gid: int

    def require_access(self, *paths: Path) -> None:
        """Raise a `StackError` unless this user may enter every folder above `paths`."""
        for path in paths:
            for folder in reversed(path.resolve().parents):
                if not self._may_enter(folder):
                    raise StackError(
                        f"Postgres does not run as root, and the user {self.name} may not enter "
                        f"{folder} on the way to {path}; run as a user other than root, or move "
                        "the project (and LOCAL_DIR) to a folder that everyone may enter, such "
                        "as /srv or /opt",
                        exit_code=2,
                    )

    def _may_enter(self, folder: Path) -> bool:
        status = folder.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def user_for_postgres() -> SystemUser | None:
    """None to stay who we are; for root the user `postgres` or, without one, `nobody`."""
    if os.geteuid() != 0:
        return None
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return SystemUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise StackError(
        "Postgres does not run as root, and there is neither a user postgres nor nobody; "
        "run as a user other than root",
        exit_code=2,
    )
