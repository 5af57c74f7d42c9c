"""`python -m hostile_files --seconds 60`: look for files that processing cannot bear.

Exits with 1 if there are any; with the same seed and start, the same files come again.
"""

import argparse
import contextlib
import os
import secrets
import sys
import time
from pathlib import Path

from hostile_files.search import Search

_MEBIBYTE = 1024**2
# One flaw is found by many files.
_SHOWN = 10


def main() -> int:
    """Search, and print the figures; 0 if every file ended as it should."""
    parser = argparse.ArgumentParser(prog="hostile_files", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    parser.add_argument("--start", type=int, default=0, help="the index to begin with")
    parser.add_argument("--time-limit", type=float, default=20, help="seconds for one file")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, default=Path(".cache/hostile-files"))
    arguments = parser.parse_args()
    search = Search(arguments.seed, arguments.keep, arguments.time_limit)
    started = time.monotonic()
    with contextlib.suppress(KeyboardInterrupt):
        search.run(arguments.seconds, arguments.start, arguments.processes)
    _print_figures(search, time.monotonic() - started)
    for complaint in search.complaints[:_SHOWN]:
        _print(complaint)
    return 1 if search.complaints else 0


def _print_figures(search: Search, seconds: float) -> None:
    files = search.results.total()
    _print(f"seed {search.seed}: {files} files in {seconds:.0f} s, {files / seconds:.1f} a second")
    for result, count in search.results.most_common():
        _print(f"  {count:7}  {result}")
    _print(f"the slowest took {search.slowest[0]:.1f} s ({search.slowest[1]})")
    _print(f"the largest process had {search.peak_memory // _MEBIBYTE} MiB")
    _print(
        f"{len(search.complaints)} did not end as they should; go on with --start"
        f" {search.next_index}"
    )


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
