"""What the metrics tell of the disk that objects lie on, where it is a disk."""

import shutil
from math import nan
from pathlib import Path
from typing import NamedTuple

from prometheus_client import Gauge

_FREE = Gauge("photo_storage_free_bytes", "Bytes that are free where objects are kept as files")
_SIZE = Gauge("photo_storage_size_bytes", "Bytes that there are where objects are kept as files")


def watch_space(folder: Path | None) -> None:
    """Measure the file system of `folder` at each scrape; None, of a bucket, measures nothing.

    The gauges are NaN where nobody knows: of a bucket, and while the folder is not there.
    """
    _FREE.set_function(lambda: _bytes_of(folder).free)
    _SIZE.set_function(lambda: _bytes_of(folder).total)


class _Bytes(NamedTuple):
    free: float
    total: float


def _bytes_of(folder: Path | None) -> _Bytes:
    try:
        usage = shutil.disk_usage(folder) if folder else None
    except OSError:
        # The other metrics are answered all the same.
        usage = None
    return _Bytes(usage.free, usage.total) if usage else _Bytes(nan, nan)
