"""What the supervisor has to know of one process."""

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local_stack.readiness import Probe
from local_stack.system_user import SystemUser


@dataclass(frozen=True, slots=True)
class Program:
    """A command with all that it sees. Secrets belong into `environment` or `input_text`."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    input_text: str = field(default="", repr=False)
    folder: Path | None = None
    user: SystemUser | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    # Whether its output is worth a line on the terminal; the log file gets it anyway.
    echo: bool = True


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A program that is kept running, its ports, and how to tell that it does its work."""

    program: Program
    is_ready: Probe = field(repr=False)
    port: int | None
    metrics_port: int | None

    @property
    def name(self) -> str:
        """What people call the process."""
        return self.program.name
