"""A folder for a stack that is thrown away."""

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_REMOVED_WITHIN_SECONDS = 10


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """An empty folder that is removed at the end.

    Other users may enter it, unlike pytest's: run as root, Postgres works as another user.
    """
    folder = Path(tempfile.mkdtemp(prefix="photo-stack-"))
    try:
        folder.chmod(0o711)
        yield folder
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove `folder`, again while processes that are ending still write into it."""
    deadline = time.monotonic() + _REMOVED_WITHIN_SECONDS
    pause = threading.Event()  # nobody sets it: it only paces the tries
    while folder.exists():
        try:
            shutil.rmtree(folder)
        except OSError:
            if time.monotonic() > deadline:
                raise
            pause.wait(0.05)
