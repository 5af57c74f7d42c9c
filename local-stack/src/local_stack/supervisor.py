"""Starts processes stage by stage, keeps them running and stops them in the opposite order."""

import asyncio
from pathlib import Path

import structlog

from local_stack.child_process import ChildProcess
from local_stack.kept_process import KeptProcess
from local_stack.process_output import Echo, ProcessOutput
from local_stack.process_spec import ProcessSpec, Program
from local_stack.process_table import ProcessTable
from local_stack.stack_error import StackError

log = structlog.get_logger(__name__)


class Supervisor:
    """Keeps processes; times are in seconds.

    Each has `ready_within` to get ready and `grace` to end when it is asked to. Their logs lie in
    the folder `logs`, their lines are also given to `echo`; `table` always says what runs.
    """

    def __init__(
        self,
        table: ProcessTable,
        logs: Path,
        *,
        ready_within: float,
        grace: float,
        echo: Echo | None = None,
    ) -> None:
        self._table = table
        self._logs = logs
        self._ready_within = ready_within
        self._grace = grace
        self._echo = echo
        self._stages: list[list[KeptProcess]] = []

    async def start(self, *specs: ProcessSpec) -> None:
        """Start a stage, side by side, and wait until all of it is ready.

        Raises `StackError` for the first that never gets ready; the others keep running.
        """
        stage = [KeptProcess(spec, self._output(spec.program), self._record) for spec in specs]
        self._stages.append(stage)
        for process in stage:
            process.start()
        waits = [process.wait_until_ready(self._ready_within) for process in stage]
        await asyncio.gather(*waits)

    async def run_to_end(self, program: Program) -> None:
        """Run `program` once; raise `StackError` if it fails or takes too long."""
        output = self._output(program)
        child = await ChildProcess.start(program, output)
        try:
            async with asyncio.timeout(self._ready_within):
                code = await child.ended()
        except TimeoutError:
            raise StackError(
                f"{program.name} did not end in {self._ready_within:.0f} s; "
                f"the end of {output.path}:{output.last_lines}"
            ) from None
        finally:
            child.kill()
            await child.ended()
            output.close()
        if code != 0:
            raise StackError(
                f"{program.name} failed with code {code}; "
                f"the end of {output.path}:{output.last_lines}"
            )

    async def stop(self) -> None:
        """Stop every stage, the last one first; safe to call in any state."""
        while self._stages:
            stage = self._stages[-1]
            await asyncio.gather(*(process.stop(self._grace) for process in stage))
            self._stages.pop()
        self._table.remove()

    def kill(self) -> None:
        """End everything by force, now; `stop` then has nothing to wait for."""
        for stage in self._stages:
            for process in stage:
                process.kill()

    def _output(self, program: Program) -> ProcessOutput:
        return ProcessOutput(program.name, self._logs, self._echo if program.echo else None)

    def _record(self, spec: ProcessSpec, pid: int) -> None:
        self._table.record(
            spec.name, {"pid": pid, "port": spec.port, "metrics_port": spec.metrics_port}
        )
        log.info("process_started", process=spec.name, pid=pid, port=spec.port)
