"""What the kernel tells of another process."""

from pathlib import Path

# Stopped by a signal, and by a debugger: proc_pid_stat(5).
_STOPPED = {"T", "t"}


def is_stopped(pid: int) -> bool:
    """Whether something holds the process still; False where the system does not tell."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
    except OSError:
        return False
    # The name of the program, in parentheses, may hold parentheses and spaces itself.
    state, *_ = line.rpartition(")")[2].split() or [""]
    return state in _STOPPED
