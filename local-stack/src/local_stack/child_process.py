"""One life of a program as a child of this process."""

import asyncio
import os
import signal
from contextlib import suppress

from local_stack.bound_command import bound_command
from local_stack.process_output import ProcessOutput
from local_stack.process_spec import Program

# What the dead leave in the pipe is read within a moment.
_DRAIN_SECONDS = 1


class ChildProcess:
    """A started program in a session of its own: a Ctrl-C on the terminal does not reach it."""

    def __init__(
        self, program: Program, process: asyncio.subprocess.Process, drained: asyncio.Future[None]
    ) -> None:
        self._program = program
        self._process = process
        self._drained = drained

    @classmethod
    async def start(cls, program: Program, output: ProcessOutput) -> "ChildProcess":
        """Start `program`; its standard output and error go to `output`."""
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *bound_command(
                    program.command, death_signal=program.death_signal, user=program.user
                ),
                stdin=asyncio.subprocess.PIPE,
                stdout=writing,
                stderr=writing,
                cwd=program.folder,
                env=dict(program.environment),
                start_new_session=True,
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        drained = await output.read_from(reading)
        assert process.stdin is not None
        process.stdin.write(program.input_text.encode())
        process.stdin.close()
        return cls(program, process, drained)

    @property
    def pid(self) -> int:
        """The process id of the program itself: what wraps its start becomes it."""
        return self._process.pid

    async def ended(self) -> int:
        """Wait for the end; return the exit code, negative for a signal."""
        code = await self._process.wait()
        # Whatever it left behind in its process group must not hold its ports.
        self.kill()
        await asyncio.wait([self._drained], timeout=_DRAIN_SECONDS)
        return code

    def ask_to_stop(self) -> None:
        """Send the signal that ends this program in order."""
        with suppress(ProcessLookupError):
            self._process.send_signal(self._program.stop_signal)

    def kill(self) -> None:
        """End the program and its process group by force."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
