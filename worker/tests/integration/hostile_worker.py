"""The worker with photos that can do to its processes what a bug in a decoder can.

Started with the path of a file: photos that wait do so until it exists. What a photo does is told
by its last bytes.
"""

import os
import signal
import sys
from pathlib import Path
from threading import Event

from photo_domain.file_format import FileFormat
from photo_worker.__main__ import main
from photo_worker.processing.photo_processor import PhotoProcessor
from photo_worker.processing.processed_photo import ProcessedPhoto

_process = PhotoProcessor.process
_gate = Path(sys.argv[1])


def _process_hostile(self: PhotoProcessor, data: bytes, claimed: FileFormat) -> ProcessedPhoto:
    if data.endswith(b"kills"):
        os.kill(os.getpid(), signal.SIGKILL)
    if data.endswith(b"exits"):
        raise SystemExit(1)
    if data.endswith(b"waits"):
        while not _gate.exists():
            Event().wait(0.05)
    return _process(self, data, claimed)


PhotoProcessor.process = _process_hostile  # type: ignore[method-assign]

if __name__ == "__main__":
    sys.exit(main())
