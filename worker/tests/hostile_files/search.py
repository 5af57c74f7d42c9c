"""Looking for files that processing cannot bear, for a while."""

import itertools
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from hostile_files.hostile_file import HostileFile
from hostile_files.mutations import fuzz_file
from hostile_files.processing_child import Processed, ProcessingChild
from hostile_files.verdict import complaint


@dataclass
class Search:
    """Processes file after file of a seed; keeps those that did not end as they should."""

    seed: int
    # Where those files are kept.
    folder: Path
    # In seconds, for one file.
    time_limit: float
    results: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    # The file that took longest, and for how many seconds.
    slowest: tuple[float, str] = (0.0, "none")
    # Of all processes, in bytes.
    peak_memory: int = 0
    # How many files were begun: with this seed and start the search goes on.
    next_index: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _is_over: threading.Event = field(default_factory=threading.Event)

    def run(self, seconds: float, start: int, processes: int) -> None:
        """Go through the files from index `start` on, in so many processes at a time."""
        deadline = time.monotonic() + seconds
        self._is_over.clear()
        indexes = itertools.count(start)
        with ThreadPoolExecutor(processes) as pool:
            searches = [pool.submit(self._search, indexes, deadline) for _ in range(processes)]
            try:
                for search in searches:
                    search.result()
            finally:
                # Also where Ctrl-C ends it, or an error of ours.
                self._is_over.set()
                self.next_index = next(indexes)

    def _search(self, indexes: "itertools.count[int]", deadline: float) -> None:
        with ProcessingChild(self.time_limit) as child:
            while time.monotonic() < deadline and not self._is_over.is_set():
                index = next(indexes)
                file = fuzz_file(self.seed, index)
                processed = child.process(file)
                wrong = _what_is_wrong(file, processed)
                with self._lock:
                    self._note(index, file, processed, wrong)

    def _note(self, index: int, file: HostileFile, processed: Processed, wrong: str | None) -> None:
        self.results[str(processed.outcome)] += 1
        self.slowest = max(self.slowest, (processed.seconds, f"{file.kind}, index {index}"))
        self.peak_memory = max(self.peak_memory, processed.peak_memory)
        if wrong is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = self.folder / f"{self.seed}-{index}.{file.claimed}"
        kept.write_bytes(file.data)
        self.complaints.append(
            f"seed {self.seed} index {index} ({file.kind}): {wrong}"
            f" after {processed.seconds:.1f} s; kept as {kept}\n{processed.explanation}".rstrip()
        )


def _what_is_wrong(file: HostileFile, processed: Processed) -> str | None:
    # Who runs out of memory aborts; every other death is a flaw in a decoder.
    if processed.exit_code not in {None, -signal.SIGABRT}:
        return f"its process died with exit code {processed.exit_code}"
    return complaint(file, processed.outcome, processed.renditions)
