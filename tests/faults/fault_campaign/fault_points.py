"""Services that die at one step of their work: between object, rows, messages and answer.

The campaign starts them beside the system, with the settings of the system's own service of that
kind. The dying service is this very module, run as a program: it changes one function of the real
service so that the process kills itself there, once, and then runs the service.
"""

import asyncio
import os
import runpy
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Point = Callable[[], None]

# For an answer to leave the process before it dies.
_ANSWERED_SECONDS = 0.2


class DiesHere:
    """Kills this process, but only the first time in the life of its token."""

    def __init__(self, token: Path) -> None:
        self._token = token

    def __call__(self) -> None:
        try:
            self._token.unlink()
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


def _before(owner: Any, name: str, die: Point) -> None:
    original = getattr(owner, name)

    def dying(*arguments: Any, **named: Any) -> Any:
        die()
        return original(*arguments, **named)

    setattr(owner, name, dying)


def _after(owner: Any, name: str, die: Point) -> None:
    original = getattr(owner, name)

    async def dying_later(*arguments: Any, **named: Any) -> Any:
        result = await original(*arguments, **named)
        die()
        return result

    def dying(*arguments: Any, **named: Any) -> Any:
        result = original(*arguments, **named)
        die()
        return result

    setattr(owner, name, dying_later if asyncio.iscoroutinefunction(original) else dying)


def _during(owner: Any, name: str, die: Point) -> None:
    """Die when the call is on its way, whatever becomes of it."""
    original = getattr(owner, name)

    async def dying(*arguments: Any, **named: Any) -> Any:
        under_way = asyncio.ensure_future(original(*arguments, **named))
        await asyncio.sleep(0.001)
        die()
        return await under_way

    setattr(owner, name, dying)


def _gateway_steps(die: Point) -> Mapping[str, Callable[[], None]]:
    from photo_uploads.incoming_file import IncomingFile
    from upload_gateway.ingest_client import IngestClient

    return {
        "one object stored": lambda: _after(IncomingFile, "put", die),
        "objects stored": lambda: _before(IngestClient, "register", die),
        "registration under way": lambda: _during(IngestClient, "register", die),
        "rows committed, not answered": lambda: _after(IngestClient, "register", die),
    }


def _ingest_steps(die: Point) -> Mapping[str, Callable[[], None]]:
    from ingest_service import outbox_relay, register_batch, task_publisher
    from ingest_service.celery_broker import CeleryBroker

    def die_after_the_answer() -> None:
        threading.Event().wait(_ANSWERED_SECONDS)
        die()

    return {
        "batch received": lambda: _before(register_batch.BatchRegistrar, "register", die),
        "transaction under way": lambda: _during(register_batch, "insert_batches", die),
        "rows committed": lambda: _after(register_batch, "insert_batches", die),
        "answered, not published": lambda: _before(CeleryBroker, "publish", die_after_the_answer),
        "published, not marked": lambda: _before(task_publisher, "mark_enqueued", die),
        "published and marked": lambda: _after(task_publisher, "mark_enqueued", die),
        "relay: published, not committed": lambda: _before(outbox_relay, "mark_republished", die),
    }


def _worker_steps(die: Point) -> Mapping[str, Callable[[], None]]:
    from photo_worker import image_handler

    return {
        "claimed": lambda: _after(image_handler, "claim_task", die),
        "renditions stored": lambda: _before(image_handler, "finish_success", die),
        "row finished, message not acknowledged": lambda: _after(
            image_handler, "finish_success", die
        ),
    }


_STEPS = {
    "upload_gateway": _gateway_steps,
    "ingest_service": _ingest_steps,
    "photo_worker": _worker_steps,
}


def steps_of(package: str) -> list[str]:
    """The steps that the service can die at."""
    return list(_STEPS[package](lambda: None))


def main() -> None:
    """Run a service; the arguments: its package, the step, and the file that goes when it died."""
    package, step, token = sys.argv[1:]
    sys.argv[1:] = []
    _STEPS[package](DiesHere(Path(token)))[step]()
    runpy.run_module(package, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
