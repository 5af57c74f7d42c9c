"""`processes.json`: what runs now, for people and tests."""

import json
from pathlib import Path
from typing import TypedDict


class ProcessEntry(TypedDict):
    """One running process; a port is None where it does not listen."""

    pid: int
    port: int | None
    metrics_port: int | None


class ProcessTable:
    """The file `path`, rewritten whole at each change: a reader never sees half of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[str, ProcessEntry] = {}

    def record(self, name: str, entry: ProcessEntry) -> None:
        """Write that `name` runs as `entry` from now on."""
        self._entries[name] = entry
        beside = self._path.with_name(f"{self._path.name}.new")
        beside.write_text(json.dumps(self._entries, indent=2) + "\n", "utf-8")
        beside.replace(self._path)

    def remove(self) -> None:
        """Take the file away: nothing runs any more."""
        self._entries.clear()
        self._path.unlink(missing_ok=True)


def read_process_table(path: Path) -> dict[str, ProcessEntry]:
    """What `path` says, nothing where it is missing."""
    try:
        entries: dict[str, ProcessEntry] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return entries
