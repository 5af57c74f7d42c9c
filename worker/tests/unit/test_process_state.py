import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event

import psutil
import pytest

from photo_worker.process_state import stands_still

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")

# Whoever starts a process waits, and no signal reaches it, until that process runs its program:
# which it does not before somebody writes to the pipe that it opens first.
WAIT_FOR_PIPE = """
import os, sys, threading
def wait():
    first = [(os.POSIX_SPAWN_OPEN, 0, sys.argv[1], os.O_RDONLY, 0)]
    os.posix_spawn(sys.executable, [sys.executable, "-c", ""], {}, file_actions=first)
"""
IN_MAIN_THREAD = WAIT_FOR_PIPE + "wait()"
IN_ANOTHER_THREAD = WAIT_FOR_PIPE + "threading.Thread(target=wait).start()"


def test_a_running_process_is_not_stopped_and_a_stopped_one_is() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert not stands_still(process.pid)
        process.send_signal(signal.SIGSTOP)
        # Until the kernel has stopped it.
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        assert stands_still(process.pid)
        psutil.Process(process.pid).resume()
        os.waitid(os.P_PID, process.pid, os.WCONTINUED)
        assert not stands_still(process.pid)
        process.kill()


@pytest.mark.parametrize("program", [IN_MAIN_THREAD, IN_ANOTHER_THREAD])
def test_a_process_that_waits_where_no_signal_reaches_it_is_stopped(
    tmp_path: Path, program: str
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen([sys.executable, "-c", program, str(pipe)]) as process:
        deadline = time.monotonic() + 20
        try:
            # Before it has a child, it may wait for the disk that it starts from.
            while not (psutil.Process(process.pid).children() and stands_still(process.pid)):
                assert time.monotonic() < deadline
                assert process.poll() is None
                Event().wait(0.01)
        finally:
            # Again: the pipe may not have been opened yet.
            while process.poll() is None:
                os.close(os.open(pipe, os.O_RDWR))
                Event().wait(0.01)


def test_a_process_that_is_gone_is_not_stopped() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert not stands_still(process.pid)
