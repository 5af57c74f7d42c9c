"""A process that processes files as one of the worker's pool does, without queue and database."""

import multiprocessing
import re
import signal
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from hostile_files.hostile_file import CRASHED, SUCCESS, HostileFile
from photo_domain.failure import FailureCode, ProcessingError
from photo_domain.file_format import FileFormat
from photo_worker.memory_limit import limit_memory
from photo_worker.processing.photo_processor import PhotoProcessor
from photo_worker.settings import WorkerSettings

# A fork would inherit what libvips and PDFium did in the parent.
_processes = multiprocessing.get_context("spawn")

# The defaults; what the environment says does not count.
_SETTINGS = WorkerSettings.model_construct()


@dataclass(frozen=True, slots=True)
class Processed:
    """What became of a file."""

    # SUCCESS or a value of FailureCode.
    outcome: str
    renditions: tuple[bytes, ...] = ()
    # Of an outcome that should not be: the exception.
    explanation: str = ""
    # Of a process that died; below zero the signal that ended it.
    exit_code: int | None = None
    seconds: float = 0.0
    # Of the process, the highest so far, in bytes; 0 where the system does not tell.
    peak_memory: int = 0


class ProcessingChild:
    """Starts the process when it is needed, again when it died, and ends it with the context."""

    def __init__(self, time_limit: float) -> None:
        self._time_limit = time_limit
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection | None = None

    def __enter__(self) -> "ProcessingChild":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def process(self, file: HostileFile) -> Processed:
        """Process the file as the worker would with its default settings."""
        connection = self._running()
        started = time.monotonic()
        try:
            connection.send((file.data, file.claimed))
            if connection.poll(self._time_limit):
                answer = connection.recv()
                assert isinstance(answer, Processed)
                # As the worker does it: the first is killed, the second is replaced.
                if (
                    answer.outcome == CRASHED
                    or answer.peak_memory > _SETTINGS.worker_process_memory_bytes // 2
                ):
                    self._end()
                return answer
        except (EOFError, ConnectionError):
            seconds = time.monotonic() - started
            return Processed(CRASHED, exit_code=self._end(), seconds=seconds)
        self._end()
        return Processed(FailureCode.TIMEOUT, seconds=time.monotonic() - started)

    def _running(self) -> Connection:
        if self._connection is None:
            self._connection, other_end = _processes.Pipe()
            self._process = _processes.Process(target=_serve, args=(other_end,), daemon=True)
            self._process.start()
            other_end.close()
            # Starting takes its time, which is no file's.
            self._connection.recv()
        return self._connection

    def _end(self) -> int | None:
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if process is None or connection is None:
            return None
        connection.close()
        # One that died by itself has an exit code of its own.
        process.join(1)
        process.kill()
        process.join()
        return process.exitcode


def _serve(connection: Connection) -> None:
    # Ctrl-C is for the parent, which ends this process in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    processor = PhotoProcessor(_SETTINGS.processing)
    limit_memory(_SETTINGS.worker_process_memory_bytes)
    connection.send("ready")
    while True:
        try:
            data, claimed = connection.recv()
        except EOFError:
            return
        connection.send(_process(processor, data, claimed))


def _process(processor: PhotoProcessor, data: bytes, claimed: FileFormat) -> Processed:
    started = time.monotonic()
    renditions: tuple[bytes, ...] = ()
    outcome, explanation = SUCCESS, ""
    try:
        photo = processor.process(data, claimed)
        renditions = tuple(rendition.data for rendition in photo.renditions)
    except ProcessingError as error:
        outcome = error.code
    except MemoryError:
        outcome, explanation = CRASHED, "memory ran out"
    except Exception:  # noqa: BLE001 - this is what is looked for
        outcome, explanation = FailureCode.INTERNAL, traceback.format_exc()
    seconds = time.monotonic() - started
    return Processed(outcome, renditions, explanation, None, seconds, _peak_memory())


def _peak_memory() -> int:
    # What getrusage tells would begin with the peak of the parent.
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text("ascii"), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
