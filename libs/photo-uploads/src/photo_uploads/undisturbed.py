"""Work that a cancellation must not leave half done."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")


async def undisturbed(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """What `work` gives, which must have an end of its own.

    A cancellation that arrives meanwhile is raised once the work is done: a gRPC call of a client
    that went away is cancelled in whatever its handler waits for next, the cleaning up included.
    """
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    result = task.result()
    if cancelled:
        raise cancelled
    return result
