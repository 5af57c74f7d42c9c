"""Script: become a program that dies with its parent. See `bound_command`, which calls it.

It runs before the program in the same process, by a bare interpreter (`-I -S`, 20 ms), because
Python code between fork and exec of a process with threads can lock up (subprocess, `preexec_fn`).
Arguments: the folder to import service_kit from, the parent's process id, the number of the
signal that the parent's end sends, `uid:gid` or `-`, and the program with its arguments.
"""

import os
import signal
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> None:
    """Change the user, then ask for the signal (a change of user clears it), then exec."""
    import_folder, parent_pid, death_signal, user, *command = arguments
    sys.path.insert(0, import_folder)
    from service_kit.parent_death import die_with_parent  # noqa: PLC0415

    if user != "-":
        uid, _, gid = user.partition(":")
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    die_with_parent(int(parent_pid), signal.Signals(int(death_signal)))
    try:
        os.execv(command[0], command)  # noqa: S606
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
