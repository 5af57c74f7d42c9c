"""The metrics of all processes of a pool, of those that are gone too."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock

from prometheus_client import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

# Every process leaves its files behind, and each costs a scrape some milliseconds: a pool that has
# renewed its processes for weeks would answer no scrape in time. So many dead ones are left alone,
# for each kind of file.
_MOST_DEAD = 20

# How two values of a kind become one.
# Source: https://prometheus.github.io/client_python/multiprocess/.
_KINDS: dict[str, Callable[[float, float], float]] = {
    "counter": lambda one, other: one + other,
    "histogram": lambda one, other: one + other,
    "gauge_max": max,
}


class ChildrenCollector(Collector):
    """Merges the files of a folder, but for empty ones: a child that has just made its own.

    The files of processes that are gone become one. Made for the parent of all of them, whose end
    is the end of the folder: it sees which processes there are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Scrapes may come at once.
        self._lock = Lock()

    def collect(self) -> Iterable[Metric]:
        """Every metric once, over all processes."""
        with self._lock:
            for kind, combined in _KINDS.items():
                self._gather_dead(kind, combined)
            written = [str(file) for file in self._folder.glob("*.db") if file.stat().st_size > 0]
            merged: Iterable[Metric] = MultiProcessCollector.merge(  # type: ignore[no-untyped-call]
                written, accumulate=True
            )
        return merged

    def _gather_dead(self, kind: str, combined: Callable[[float, float], float]) -> None:
        dead = [file for file in self._folder.glob(f"{kind}_*.db") if _is_left_behind(file)]
        if len(dead) <= _MOST_DEAD:
            return
        gone = self._folder / f"{kind}_gone.db"
        values: dict[str, float] = {}
        for file in (gone, *dead):
            for key, value in _values_of(file):
                values[key] = combined(values[key], value) if key in values else value
        # No scrape reads this name, and what a full disk leaves half written is made anew.
        unfinished = gone.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        _write(unfinished, values)
        unfinished.replace(gone)
        for file in dead:
            file.unlink()


def _is_left_behind(file: Path) -> bool:
    pid = file.stem.rpartition("_")[2]
    if not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        # The number is another process's by now.
        return False
    return False


def _values_of(file: Path) -> Iterable[tuple[str, float]]:
    if not file.exists() or file.stat().st_size == 0:
        return
    for key, value, _timestamp, _position in MmapedDict.read_all_values_from_file(str(file)):  # type: ignore[no-untyped-call]
        yield key, value


def _write(file: Path, values: dict[str, float]) -> None:
    written = MmapedDict(str(file))  # type: ignore[no-untyped-call]
    try:
        for key, value in values.items():
            written.write_value(key, value, 0.0)  # type: ignore[no-untyped-call]
    finally:
        written.close()  # type: ignore[no-untyped-call]
