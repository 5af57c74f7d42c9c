"""The memory of a process, in processes of their own: a limit is never raised again."""

import subprocess
import sys

PROGRAM = """
import sys
from photo_worker.memory_limit import limit_memory

limit_memory(64 * 1024**2)
try:
    taken = bytearray(int(sys.argv[1]) * 1024**2)
except MemoryError:
    print("refused")
else:
    print("taken")
"""


def try_to_take(mebibytes: int) -> str:
    command = [sys.executable, "-c", PROGRAM, str(mebibytes)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout


def test_a_process_gets_what_it_is_allowed_beyond_what_it_has() -> None:
    assert try_to_take(32) == "taken\n"


def test_more_memory_than_allowed_is_refused() -> None:
    assert try_to_take(96) == "refused\n"
