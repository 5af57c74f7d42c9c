import os
import signal
import subprocess
import sys

import psutil
import pytest

from photo_worker.process_state import is_stopped

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")


def test_a_running_process_is_not_stopped_and_a_stopped_one_is() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert not is_stopped(process.pid)
        process.send_signal(signal.SIGSTOP)
        # Until the kernel has stopped it.
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        assert is_stopped(process.pid)
        psutil.Process(process.pid).resume()
        os.waitid(os.P_PID, process.pid, os.WCONTINUED)
        assert not is_stopped(process.pid)
        process.kill()


def test_a_process_that_is_gone_is_not_stopped() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert not is_stopped(process.pid)
