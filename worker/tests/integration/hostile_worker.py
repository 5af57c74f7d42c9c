"""The worker with photos that can do to its processes what a bug in a decoder can.

Started with the path of a file: photos that wait do so until it exists. What a photo does is told
by its last bytes. While there is a file `nobody claims` beside it, no task is claimed.
"""

import functools
import os
import signal
import sys
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Event
from uuid import UUID

from sqlalchemy import Connection

from photo_records.task_claims import ClaimedTask
from photo_worker import bootstrap, image_handler
from photo_worker.__main__ import main
from photo_worker.processing.photo_in_process import PhotoInProcess
from photo_worker.processing.photo_processor import STEPS, PhotoProcessor

_claim = image_handler.claim_task
_gate = Path(sys.argv[1])
_hoard: list[bytes] = []
_barrier = _gate.with_name("nobody claims")


def be_hostile(photo: PhotoInProcess) -> None:
    """A step that does what the end of the photo says."""
    if photo.original.endswith(b"kills"):
        os.kill(os.getpid(), signal.SIGKILL)
    if photo.original.endswith(b"is outlived"):
        # By a process that keeps its pipes open, so that nobody hears of its end.
        if os.fork() == 0:
            deadline = time.monotonic() + 60
            while not _gate.exists() and time.monotonic() < deadline:
                Event().wait(0.05)
            os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)
    if photo.original.endswith(b"aborts"):
        os.abort()
    if photo.original.endswith(b"exits"):
        raise SystemExit(1)
    if photo.original.endswith(b"grows"):
        bytearray(16 * 1024**3)
    if photo.original.endswith(b"hoards"):
        # Until there is none left even for the log, and keeps it.
        for size in (1 << 20, 1 << 10, 1 << 4):
            with suppress(MemoryError):
                while True:
                    _hoard.append(bytes(size))
        raise MemoryError
    if photo.original.endswith(b"waits"):
        while not _gate.exists():
            Event().wait(0.05)


def _claim_late(
    connection: Connection, task_id: UUID, lease: timedelta, claimed_by: str
) -> ClaimedTask | None:
    while _barrier.exists():
        Event().wait(0.05)
    return _claim(connection, task_id, lease, claimed_by)


image_handler.claim_task = _claim_late
bootstrap.PhotoProcessor = functools.partial(  # type: ignore[misc, assignment]
    PhotoProcessor, steps=(be_hostile, *STEPS)
)

if __name__ == "__main__":
    sys.exit(main())
