"""`python -m processing_bench.one_photo FILE FORMAT`: as in a child of the worker's pool.

Prints a line of JSON: how it ended, and the most memory that was resident, in bytes.
"""

import json
import re
import sys
from pathlib import Path

# What a child inherits from the pool's parent is resident in it too.
import photo_worker.pool  # noqa: F401
from photo_domain.failure import ProcessingError
from photo_domain.file_format import FileFormat
from photo_worker.memory_limit import limit_memory
from photo_worker.processing.photo_processor import PhotoProcessor
from processing_bench.worker_settings import worker_settings


def main() -> int:
    """Process the file under the worker's memory limit."""
    path, file_format = sys.argv[1:]
    settings = worker_settings()
    processor = PhotoProcessor(settings.processing)
    limit_memory(settings.worker_process_memory_bytes)
    before = _resident("VmRSS")
    original = Path(path).read_bytes()
    try:
        processor.process(original, FileFormat(file_format))
        ended = "processed"
    except ProcessingError as error:
        ended = str(error.code)
    except MemoryError:
        ended = "MemoryError"
    peak = _resident("VmHWM")
    sys.stdout.write(f"{json.dumps({'ended': ended, 'before': before, 'peak': peak})}\n")
    return 0


def _resident(field: str) -> int:
    """In bytes. Not getrusage: its peak begins with that of the program that started this one."""
    status = Path("/proc/self/status").read_text("ascii")
    found = re.search(rf"^{field}:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None, "proc(5): it is always there"
    return int(found[1]) * 1024


if __name__ == "__main__":
    sys.exit(main())
