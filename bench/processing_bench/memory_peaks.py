"""How much memory the largest photos take, each in a fresh process.

`python -m processing_bench.memory_peaks`
"""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from processing_bench.large_photos import LargePhoto, make_large_photos
from processing_bench.markdown_table import markdown_table

TARGET = 600_000_000

_DEADLINE_SECONDS = 300
_HEAD = ("photo", "MP", "file MB", "peak RSS MB", "before MB", "ended", "target")


def measure_memory() -> tuple[str, bool]:
    """A table, and whether every photo was processed within the target."""
    with tempfile.TemporaryDirectory(prefix="processing-bench-") as folder:
        rows = list(_rows(Path(folder)))
    good = all(row.is_good for row in rows)
    return markdown_table(_HEAD, [row.cells for row in rows]), good


class _Row:
    def __init__(self, photo: LargePhoto, size: int, report: dict[str, object]) -> None:
        peak, ended = report.get("peak"), report["ended"]
        self.is_good = isinstance(peak, int) and peak <= TARGET and ended == "processed"
        verdict = "within" if self.is_good else "missed"
        if isinstance(peak, int) and peak > TARGET:
            verdict = f"{_mb(peak - TARGET)} MB above"
        self.cells = (
            photo.name,
            f"{photo.pixels:.1f}",
            f"{size / 1e6:.1f}",
            _mb(peak),
            _mb(report.get("before")),
            str(ended),
            verdict,
        )


def _rows(folder: Path) -> Iterator[_Row]:
    for photo in make_large_photos(folder):
        size = photo.path.stat().st_size
        yield _Row(photo, size, _process_alone(photo))


def _process_alone(photo: LargePhoto) -> dict[str, object]:
    ended = subprocess.run(
        [sys.executable, "-m", "processing_bench.one_photo", photo.path, photo.format],
        capture_output=True,
        check=False,
        text=True,
        timeout=_DEADLINE_SECONDS,
    )
    if ended.returncode < 0:
        return {"ended": signal.Signals(-ended.returncode).name}
    if ended.returncode:
        raise RuntimeError(ended.stderr)
    report: dict[str, object] = json.loads(ended.stdout.splitlines()[-1])
    return report


def _mb(size: object) -> str:
    return f"{size / 1e6:.0f}" if isinstance(size, int) else "?"


def main() -> int:
    """Print the table; 1 if one missed the target."""
    table, good = measure_memory()
    sys.stdout.write(f"{table}\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
