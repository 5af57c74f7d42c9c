"""What a process prints: to a bounded log file, and to the terminal with its name."""

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path

_LOG_BYTES = 5 * 1024 * 1024
_LONGEST_LINE = 64 * 1024
_LAST_LINES = 20

Echo = Callable[[str], None]


class ProcessOutput:
    """The lines of one process over all its lives.

    `<name>.log` holds at most 5 MB, what came before it is in `<name>.log.1`; each start of the
    stack begins a new file.
    """

    def __init__(self, name: str, folder: Path, echo: Echo | None) -> None:
        self.path = folder / f"{name}.log"
        self._name = name
        self._echo = echo
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._file = RotatingFileHandler(
            self.path, maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8", delay=True
        )
        if self.path.exists():
            self._file.doRollover()

    @property
    def last_lines(self) -> str:
        """The newest lines, indented to stand under a message."""
        return "".join(f"\n    {line}" for line in self._last)

    async def read_from(self, descriptor: int) -> asyncio.Future[None]:
        """Take over `descriptor`, the reading end of a pipe; the future ends with the pipe."""
        lines = _Lines(self._write)
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: lines, os.fdopen(descriptor, "rb", buffering=0)
        )
        return lines.ended

    def close(self) -> None:
        """Close the log file."""
        self._file.close()

    def _write(self, line: str) -> None:
        self._last.append(line)
        self._file.emit(logging.makeLogRecord({"msg": "%s", "args": (line,)}))
        if self._echo:
            self._echo(f"{self._name:14} | {line}")


class _Lines(asyncio.Protocol):
    """Cuts what arrives into lines; one without an end is cut where it gets too long."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self.ended = asyncio.get_running_loop().create_future()
        self._write = write
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._write(line.decode("utf-8", "replace"))
        if len(self._rest) > _LONGEST_LINE:
            self._flush()

    def connection_lost(self, _exc: Exception | None) -> None:
        if self._rest:
            self._flush()
        if not self.ended.done():
            self.ended.set_result(None)

    def _flush(self) -> None:
        self._write(self._rest.decode("utf-8", "replace"))
        self._rest = b""
