"""The worker with photos that can do to its processes what a bug in a decoder can.

Started with the path of a file: photos that wait do so until it exists. What a photo does is told
by its last bytes. While there is a file `nobody claims` beside it, no task is claimed.
"""

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from threading import Event
from uuid import UUID

from sqlalchemy import Connection

from photo_domain.file_format import FileFormat
from photo_records.task_claims import ClaimedTask
from photo_worker import image_handler
from photo_worker.__main__ import main
from photo_worker.processing.photo_processor import PhotoProcessor
from photo_worker.processing.processed_photo import ProcessedPhoto

_process = PhotoProcessor.process
_claim = image_handler.claim_task
_gate = Path(sys.argv[1])
_barrier = _gate.with_name("nobody claims")


def _process_hostile(self: PhotoProcessor, data: bytes, claimed: FileFormat) -> ProcessedPhoto:
    if data.endswith(b"kills"):
        os.kill(os.getpid(), signal.SIGKILL)
    if data.endswith(b"exits"):
        raise SystemExit(1)
    if data.endswith(b"waits"):
        while not _gate.exists():
            Event().wait(0.05)
    return _process(self, data, claimed)


def _claim_late(
    connection: Connection, task_id: UUID, lease: timedelta, claimed_by: str
) -> ClaimedTask | None:
    while _barrier.exists():
        Event().wait(0.05)
    return _claim(connection, task_id, lease, claimed_by)


image_handler.claim_task = _claim_late
PhotoProcessor.process = _process_hostile  # type: ignore[method-assign]

if __name__ == "__main__":
    sys.exit(main())
