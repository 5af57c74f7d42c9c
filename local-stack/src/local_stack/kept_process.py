"""A process that is started again whenever it dies."""

import asyncio
from collections.abc import Callable

import structlog

from local_stack.child_process import ChildProcess
from local_stack.process_output import ProcessOutput
from local_stack.process_spec import ProcessSpec
from local_stack.restart_backoff import RestartBackoff
from local_stack.stack_error import StackError

_PROBE_SECONDS = 0.03
# What a service answers to settings that cannot be: starting it again would not help.
_WRONG_SETTINGS = 2
# So many deaths in a row before the first sign of life, within 7 s, and waiting is in vain.
_MOST_DEATHS = 6

log = structlog.get_logger(__name__)


class KeptProcess:
    """Keeps one `spec` running from `start` to `stop`; `on_start` hears each new process id."""

    def __init__(
        self, spec: ProcessSpec, output: ProcessOutput, on_start: Callable[[ProcessSpec, int], None]
    ) -> None:
        self.spec = spec
        self.output = output
        self._on_start = on_start
        self._child: ChildProcess | None = None
        self._last_code: int | None = None
        self._deaths = 0
        self._stopping = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to keep the process running."""
        self._keeping = asyncio.create_task(self._keep(), name=self.spec.name)

    async def wait_until_ready(self, within: float) -> None:
        """Wait until the probe says yes; raise `StackError` after `within` seconds."""
        assert self._keeping is not None
        try:
            async with asyncio.timeout(within):
                while not await asyncio.to_thread(self.spec.is_ready):
                    ended, _ = await asyncio.wait([self._keeping], timeout=_PROBE_SECONDS)
                    if ended:
                        await self._keeping
                        raise StackError(f"{self.spec.name} was stopped before it was ready")
                    if self._last_code == _WRONG_SETTINGS:
                        raise self._never_ready("ended with code 2 and would do so again")
                    if self._deaths >= _MOST_DEATHS:
                        raise self._never_ready(f"died {self._deaths} times before it was ready")
        except TimeoutError:
            raise self._never_ready(f"was not ready in {within:.0f} s") from None

    async def stop(self, grace: float) -> None:
        """Ask the process to end, kill it after `grace` seconds, and start it no more."""
        self._stopping.set()
        if self._child:
            self._child.ask_to_stop()
        if self._keeping:
            ended, _ = await asyncio.wait([self._keeping], timeout=grace)
            if not ended:
                log.warning("process_killed", process=self.spec.name, grace_seconds=grace)
                self.kill()
                await asyncio.wait([self._keeping])
        self.output.close()

    def kill(self) -> None:
        """End the process by force, now; start it no more."""
        self._stopping.set()
        if self._child:
            self._child.kill()

    async def _keep(self) -> None:
        backoff = RestartBackoff()
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            born = loop.time()
            try:
                self._last_code = await self._live()
            except OSError:  # no processes or disk left: worth another try like any death
                log.exception("process_not_started", process=self.spec.name)
            if self._stopping.is_set():
                return
            self._deaths += 1
            delay = backoff.delay_after(loop.time() - born)
            log.warning(
                "process_died",
                process=self.spec.name,
                exit_code=self._last_code,
                restart_in_seconds=delay,
            )
            stopping = asyncio.create_task(self._stopping.wait())
            await asyncio.wait([stopping], timeout=delay)
            stopping.cancel()

    async def _live(self) -> int:
        self._child = await ChildProcess.start(self.spec.program, self.output)
        try:
            self._on_start(self.spec, self._child.pid)
            if self._stopping.is_set():  # asked while it was being started
                self._child.ask_to_stop()
            return await self._child.ended()
        finally:
            self._child.kill()
            self._child = None

    def _never_ready(self, what: str) -> StackError:
        return StackError(
            f"{self.spec.name} {what}; the end of {self.output.path}:{self.output.last_lines}"
        )
