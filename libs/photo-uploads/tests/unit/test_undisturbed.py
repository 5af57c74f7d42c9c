import asyncio

import pytest

from photo_uploads.undisturbed import undisturbed


async def test_work_that_is_left_alone_gives_its_result_or_its_error() -> None:
    async def succeed() -> str:
        return "done"

    async def fail() -> str:
        raise ValueError

    assert await undisturbed(succeed()) == "done"
    with pytest.raises(ValueError):  # noqa: PT011 - it has no text
        await undisturbed(fail())


async def test_work_is_done_whole_however_often_its_waiter_is_cancelled() -> None:
    may_end = asyncio.Event()
    done = []

    async def work() -> None:
        await may_end.wait()
        done.append("work")

    waiter = asyncio.create_task(undisturbed(work()))
    for _ in range(3):
        await asyncio.sleep(0)
        waiter.cancel()
    await asyncio.sleep(0)
    assert not waiter.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert done == ["work"]


async def test_an_error_of_the_work_counts_more_than_a_cancellation() -> None:
    may_end = asyncio.Event()

    async def work() -> None:
        await may_end.wait()
        raise ValueError

    waiter = asyncio.create_task(undisturbed(work()))
    await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.sleep(0)
    may_end.set()
    with pytest.raises(ValueError):  # noqa: PT011 - it has no text
        await waiter
