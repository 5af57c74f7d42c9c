"""From the start of the stack to its stop, whatever signal asks for it."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

import structlog

from local_stack.supervisor import Supervisor

# SIGHUP: the terminal was closed.
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

log = structlog.get_logger(__name__)


async def run_until_stopped(
    supervisor: Supervisor, start: Callable[[], Awaitable[None]], on_ready: Callable[[], None]
) -> None:
    """`start`, tell `on_ready`, wait for a signal and stop everything in order.

    A signal during the start breaks it off; a second one kills at once. Errors of `start` are
    raised after everything was stopped.
    """
    stop_asked = _stop_on_signals(supervisor)
    try:
        if await _unless(stop_asked, start()):
            on_ready()
            await stop_asked.wait()
        log.info("stack_stopping")
    finally:
        await supervisor.stop()
    log.info("stack_stopped")


def _stop_on_signals(supervisor: Supervisor) -> asyncio.Event:
    stop_asked = asyncio.Event()

    def on_signal() -> None:
        if stop_asked.is_set():
            supervisor.kill()
        stop_asked.set()

    for number in _STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    return stop_asked


async def _unless(stop_asked: asyncio.Event, work: Awaitable[None]) -> bool:
    """Do `work` unless a stop is asked for before it is done; tell whether it was done."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop_asked.wait())
    await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not working.done():
        working.cancel()
        await asyncio.wait([working])
        return False
    await working
    return True
