import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from photo_domain.errors import ErrorCode, RequestError
from photo_uploads.upload_pace import PaceRule, UploadPace


async def pieces(*sizes: int) -> AsyncIterator[bytes]:
    for size in sizes:
        yield bytes(size)


async def silence() -> AsyncIterator[bytes]:
    await asyncio.Event().wait()
    yield b""


async def trickle() -> AsyncIterator[bytes]:
    while True:
        await asyncio.sleep(0.01)
        yield b"x"


async def take_all(pace: UploadPace, source: AsyncIterator[bytes]) -> None:
    while await pace.next_piece(source, len) is not None:
        pass


async def test_what_comes_is_passed_on_to_its_end() -> None:
    pace, source = UploadPace(), pieces(3, 5)
    assert [await pace.next_piece(source, len) for _ in range(3)] == [bytes(3), bytes(5), None]


@pytest.mark.parametrize("source", [silence, trickle])
async def test_silence_and_trickling_end_the_upload(
    source: Callable[[], AsyncIterator[bytes]],
) -> None:
    pace = UploadPace(PaceRule(rate_seconds=0.1, min_rate=1000))
    with pytest.raises(RequestError) as refused:
        await take_all(pace, source())
    assert refused.value.code is ErrorCode.BODY_TOO_SLOW


async def test_a_piece_that_comes_whole_may_take_its_time() -> None:
    async def comes_after_a_while() -> AsyncIterator[bytes]:
        await asyncio.sleep(0.1)  # twice the window, at a fifth of the patience for this piece
        yield bytes(1000)

    rule = PaceRule(rate_seconds=0.05, min_rate=2000)
    with pytest.raises(RequestError):
        await UploadPace(rule).next_piece(comes_after_a_while(), len)
    whole = await UploadPace(rule).next_piece(comes_after_a_while(), len, 1000)
    assert whole == bytes(1000)


async def test_silence_ends_an_upload_of_large_pieces_too() -> None:
    pace = UploadPace(PaceRule(rate_seconds=0.05, min_rate=2000))
    with pytest.raises(RequestError) as refused:
        await pace.next_piece(silence(), len, 100)
    assert refused.value.code is ErrorCode.BODY_TOO_SLOW


async def test_an_upload_that_keeps_coming_still_has_to_end() -> None:
    pace = UploadPace(PaceRule(rate_seconds=60, min_rate=1, total_seconds=0.1))
    with pytest.raises(RequestError) as refused:
        await take_all(pace, trickle())
    assert refused.value.code is ErrorCode.BODY_TOO_SLOW


async def test_time_in_which_nobody_reads_does_not_count() -> None:
    pace, coming = UploadPace(PaceRule(rate_seconds=0.05)), pieces(1, 1)
    for _ in range(3):
        await pace.next_piece(coming, len)
        await asyncio.sleep(0.06)  # what is tested is that the clock stands still meanwhile
