"""What goes on in the background ends when it is told to."""

import asyncio
from contextlib import suppress

from service_kit.task_end import end_tasks


async def test_tasks_have_ended_and_those_that_had_before_are_no_trouble() -> None:
    ended = asyncio.create_task(asyncio.sleep(0))
    await ended
    endless = asyncio.create_task(asyncio.Event().wait())
    await end_tasks([ended, endless])
    assert endless.cancelled()
    await end_tasks([])


async def test_a_task_that_misses_its_cancellation_is_asked_again() -> None:
    begun = asyncio.Event()

    async def misses_one() -> None:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    task = asyncio.create_task(misses_one())
    await begun.wait()
    async with asyncio.timeout(20):
        await end_tasks([task])
    assert task.cancelled()
