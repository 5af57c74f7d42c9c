"""What goes on behind the calls, for as long as the service runs."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

import structlog

from service_kit.task_end import end_tasks

_log = structlog.get_logger(__name__)


class BackgroundWork:
    """Works that end only when they are stopped. One that ends by itself ends the whole service.

    Without its relay a service would look healthy while its tasks wait for ever; whoever started
    it starts it again.
    """

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        # Whether one of them ended by itself.
        self.has_failed = False

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` from now on; `name` is for the log."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended_by_itself)
        self._tasks.append(task)

    def cancel(self) -> None:
        """Begin to stop all of it; the calls under way may take an hour yet."""
        for task in self._tasks:
            task.remove_done_callback(self._ended_by_itself)
            task.cancel()

    async def stop(self) -> None:
        """Cancel all of it and wait for its end."""
        self.cancel()
        await end_tasks(self._tasks)

    def _ended_by_itself(self, task: asyncio.Task[None]) -> None:
        self.has_failed = True
        error = None if task.cancelled() else task.exception()
        _log.critical("background_work_ended", work=task.get_name(), exc_info=error)
        # The end of a service that is told to stop: the calls under way are answered first.
        signal.raise_signal(signal.SIGTERM)
