"""What the kernel tells of another process."""

from pathlib import Path

# Stopped by a signal (T) or a debugger (t), or asleep where no signal reaches it (D): it waits for
# a disk or a network file system, and one that hangs is not the photo's fault: proc_pid_stat(5).
_STILL = {"T", "t", "D"}


def stands_still(pid: int) -> bool:
    """Whether something holds the process or one of its threads still.

    False where the system does not tell. Storage is read by a thread, for which the others wait.
    """
    return any(_state(stat) in _STILL for stat in Path(f"/proc/{pid}/task").glob("*/stat"))


def _state(stat: Path) -> str:
    try:
        line = stat.read_text("utf-8", errors="replace")
    except OSError:
        return ""  # gone meanwhile
    # The name of the program, in parentheses, may hold parentheses and spaces itself.
    state, *_ = line.rpartition(")")[2].split() or [""]
    return state
