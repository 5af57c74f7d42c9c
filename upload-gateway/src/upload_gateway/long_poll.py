"""Waits for the next state of a task on behalf of one request."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from starlette.requests import Request

from photo_domain.errors import ErrorCode, RequestError
from upload_gateway.status_client import WatchEndedError
from upload_gateway.task_document import TaskChange, TaskState


async def next_state(
    request: Request,
    changes: AsyncGenerator[TaskChange],
    state: TaskState,
    is_known: Callable[[int], bool],
) -> TaskState:
    """The first state after `state` whose revision is not known.

    If `changes` end before, or the client hangs up, the last one that came. Raises RequestError
    (unknown_task) if the task is deleted.
    """
    waiting = asyncio.create_task(_news(changes, state, is_known))
    gone = asyncio.create_task(_hung_up(request))
    try:
        await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        gone.cancel()
        await asyncio.wait({waiting, gone})
    return state if waiting.cancelled() else waiting.result()


async def _news(
    changes: AsyncGenerator[TaskChange], state: TaskState, is_known: Callable[[int], bool]
) -> TaskState:
    try:
        async with aclosing(changes):
            async for change in changes:
                if change.state is None:
                    continue
                if change.deleted:
                    raise RequestError(ErrorCode.UNKNOWN_TASK, "The task was deleted.")
                state = change.state
                if not is_known(state.revision):
                    break
    except WatchEndedError:
        # In time or before it: what was heard last is an answer.
        pass
    return state


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
