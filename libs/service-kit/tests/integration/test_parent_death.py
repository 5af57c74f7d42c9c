"""A child that dies with its parent."""

import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel call is Linux's own")

_CHILD = """
import os, signal, sys
from service_kit.parent_death import die_with_parent
die_with_parent(int(sys.argv[1]))
print(os.getpid(), flush=True)
signal.pause()
"""
_PARENT = f"""
import os, subprocess, sys
subprocess.run([sys.executable, "-c", {_CHILD!r}, str(os.getpid())])
"""


def test_a_child_dies_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        assert parent.stdout.readline().strip().isdigit()
        parent.kill()
        parent.wait(30)
        # End of file: nobody holds the pipe any more, so the child has ended too.
        assert parent.stdout.read() == ""


def test_a_child_whose_parent_is_gone_already_dies_at_once() -> None:
    other_pid = os.getppid()  # of somebody, but not of the child
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(other_pid)],
        stdout=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL
    assert done.stdout == b""
