"""Dear reads serve everybody who asks for a while."""

import asyncio

import pytest

from admin_console.kept_read import KeptRead
from photo_records.bounded_read import ReadTooSlowError


class Source:
    """Counts how often it is read."""

    def __init__(self) -> None:
        self.reads = 0
        self.error: Exception | None = None

    async def read(self) -> int:
        self.reads += 1
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        return self.reads


async def test_many_who_ask_at_once_share_one_read() -> None:
    source = Source()
    kept = KeptRead(source.read, 60)
    assert await asyncio.gather(*(kept.get() for _ in range(5))) == [1] * 5
    assert await kept.get() == 1


async def test_what_is_stale_or_forgotten_is_read_anew() -> None:
    source = Source()
    stale, forgotten = KeptRead(source.read, 0), KeptRead(source.read, 60)
    assert (await stale.get(), await stale.get()) == (1, 2)
    assert await forgotten.get() == 3
    forgotten.forget()
    assert await forgotten.get() == 4


async def test_a_read_that_was_too_slow_is_not_repeated_at_once() -> None:
    source = Source()
    source.error = ReadTooSlowError()
    kept = KeptRead(source.read, 60)
    for _ in range(2):
        with pytest.raises(ReadTooSlowError):
            await kept.get()
    assert source.reads == 1


async def test_a_failure_is_not_kept() -> None:
    source = Source()
    source.error = OSError("away")
    kept = KeptRead(source.read, 60)
    with pytest.raises(OSError, match="away"):
        await kept.get()
    source.error = None
    assert await kept.get() == 2
