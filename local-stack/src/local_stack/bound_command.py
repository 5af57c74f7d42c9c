"""Commands of children that never outlive this process."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import service_kit
from local_stack import exec_bound
from local_stack.system_user import SystemUser

_SCRIPT = str(Path(exec_bound.__file__))
_IMPORT_FOLDER = str(Path(service_kit.__file__).parents[1])


def bound_command(
    command: Sequence[str],
    *,
    death_signal: signal.Signals = signal.SIGKILL,
    user: SystemUser | None = None,
) -> list[str]:
    """`command` so that the kernel sends it `death_signal` when the calling thread ends.

    `command` begins with an absolute path. Given a `user` (needs root), it runs as that one.
    """
    return [
        sys.executable,
        "-I",
        "-S",
        _SCRIPT,
        _IMPORT_FOLDER,
        str(os.getpid()),
        str(int(death_signal)),
        f"{user.uid}:{user.gid}" if user else "-",
        *command,
    ]
