"""`python -m local_stack run`: the whole system until Ctrl-C."""

import asyncio
import sys
import time
from contextlib import suppress

from local_stack.bootstrap import build_stack
from local_stack.how_to_use import how_to_use
from local_stack.ports import HOST, check_ports, is_free
from local_stack.process_output import Echo
from local_stack.run_until_stopped import run_until_stopped
from local_stack.sample_photos import sample_jpeg
from local_stack.service_programs import port_claims
from local_stack.settings import StackSettings
from local_stack.stack_folder import StackFolder

_LEFTOVER_SECONDS = 10


def run_stack(settings: StackSettings) -> None:
    """Run until a signal asks to stop; raise `StackError` where the stack cannot run."""
    folder = StackFolder(settings.local_dir)
    folder.create()
    with folder.locked():
        asyncio.run(_run(settings, folder))


async def _run(settings: StackSettings, folder: StackFolder) -> None:
    began = time.monotonic()
    claims = port_claims(settings)
    if folder.processes.exists():
        await _let_leftovers_end([claim.port for claim in claims])
    check_ports(claims)
    stack = build_stack(settings, folder, _echo_on_terminal())
    if overruled := stack.services.overruled_settings():
        # Names only: some values are secret.
        sys.stderr.write(f"Not used, the stack decides these itself: {', '.join(overruled)}\n")

    def on_ready() -> None:
        folder.sample_photo.write_bytes(sample_jpeg())
        base_url = f"http://{HOST}:{settings.gateway_port}"
        admin_url = f"http://{HOST}:{settings.admin_port}"
        sys.stdout.write(how_to_use(base_url, admin_url, folder, time.monotonic() - began))
        sys.stdout.flush()

    await run_until_stopped(stack.supervisor, stack.start, on_ready)


async def _let_leftovers_end(ports: list[int]) -> None:
    """Give what a killed stack left behind the time to end: the kernel told it to already."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_LEFTOVER_SECONDS):
            while not all(map(is_free, ports)):  # noqa: ASYNC110 - a port has no event
                await asyncio.sleep(0.05)


def _echo_on_terminal() -> Echo | None:
    if not sys.stderr.isatty():
        return None

    def echo(line: str) -> None:
        with suppress(OSError):  # the terminal was closed
            sys.stderr.write(line + "\n")

    return echo
