"""Ending what goes on in the background."""

import asyncio
from collections.abc import Iterable
from typing import Any

# How long a task may take to end before it is asked once more, in seconds.
_ASK_AGAIN_SECONDS = 1.0


async def end_tasks(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """Cancel tasks and wait until all have ended.

    They are asked until they do: `asyncio.wait_for` of Python 3.11, through which redis-py sends,
    takes a cancellation for its own where what it waits for is done in the same moment, and the
    task goes on. https://github.com/python/cpython/issues/86296
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_ASK_AGAIN_SECONDS)
