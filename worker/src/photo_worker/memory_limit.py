"""How much memory a process of the pool may take."""

import re
import resource
from pathlib import Path

_STATUS = Path("/proc/self/status")


def limit_memory(allowance: int) -> None:
    """Let this process take at most `allowance` bytes more than it has now.

    Counted is private memory that can be written, which is what decoders ask for; an allocation
    beyond it fails, and who cannot bear that dies alone. Where the kernel does not tell what a
    process has (other systems than Linux), nothing is limited.
    Source: RLIMIT_DATA in https://man7.org/linux/man-pages/man2/getrlimit.2.html.
    """
    if not _STATUS.exists():
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = _data_bytes() + allowance
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _data_bytes() -> int:
    found = re.search(r"^VmData:\s+(\d+) kB$", _STATUS.read_text("ascii"), re.MULTILINE)
    assert found is not None, "proc(5): VmData is always there"
    return int(found[1]) * 1024
