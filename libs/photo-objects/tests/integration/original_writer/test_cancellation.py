"""Uploads that are cancelled while the store works or hangs."""

import asyncio
from typing import Any

import pytest

from photo_objects import settled as settled_module
from photo_objects.buffer_budget import BufferBudget
from photo_objects.object_reader import ObjectReader
from photo_objects.original_writer import OriginalWriter

KEY = "originals/20261123/task-nonce"
PART = 5 * 1024 * 1024
"""S3 takes no smaller part but the last."""


async def _wait_for(event: Any) -> None:
    assert await asyncio.to_thread(event.wait, 20)


async def test_a_put_that_hangs_is_dropped_when_it_is_cancelled(
    s3_store: Any, fake_s3: Any, budget: BufferBudget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settled_module, "_SETTLE_SECONDS", 0.05)
    fake_s3.fault = lambda method, address: "hang"
    upload = await OriginalWriter(s3_store, budget, PART).begin(KEY, 100)
    await upload.write(b"data")
    finishing = asyncio.create_task(upload.finish())
    await _wait_for(fake_s3.hanging)

    finishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await finishing
    await upload.abort()

    assert upload.may_be_stored
    assert budget.reserved == 0


async def test_a_second_cancellation_ends_the_wait_at_once(
    s3_store: Any, fake_s3: Any, budget: BufferBudget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settled_module, "_SETTLE_SECONDS", 600)
    fake_s3.fault = lambda method, address: "hang"
    upload = await OriginalWriter(s3_store, budget, PART).begin(KEY, 100)
    finishing = asyncio.create_task(upload.finish())
    await _wait_for(fake_s3.hanging)

    finishing.cancel()
    await asyncio.sleep(0)
    finishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await finishing

    assert budget.reserved == 0


@pytest.mark.parametrize("turns", range(6))
async def test_a_cancelled_put_to_files_has_settled_when_the_cancellation_arrives(
    file_store: Any, budget: BufferBudget, send: Any, some_bytes: Any, turns: int
) -> None:
    upload = await OriginalWriter(file_store, budget, PART).begin(KEY, PART)
    await send(upload, some_bytes(PART))
    finishing = asyncio.create_task(upload.finish())
    for _ in range(turns):
        await asyncio.sleep(0)

    if finishing.cancel():
        with pytest.raises(asyncio.CancelledError):
            await finishing

    if turns == 0:
        # Cancelled before it ran: the caller still has to abort.
        await upload.abort()
        assert not upload.may_be_stored
    else:
        assert upload.may_be_stored
        assert ObjectReader(file_store).read(KEY, PART) == some_bytes(PART)
    assert budget.reserved == 0


async def test_a_part_that_hangs_is_dropped_when_it_is_cancelled(
    s3_store: Any,
    fake_s3: Any,
    budget: BufferBudget,
    send: Any,
    some_bytes: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settled_module, "_SETTLE_SECONDS", 0.05)
    fake_s3.fault = lambda method, address: "hang" if "partNumber=1&" in address else None
    upload = await OriginalWriter(s3_store, budget, PART).begin(KEY, 3 * PART)
    sending = asyncio.create_task(send(upload, some_bytes(3 * PART)))
    await _wait_for(fake_s3.hanging)

    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await upload.abort()

    assert fake_s3.objects == fake_s3.uploads == {}
    assert not upload.may_be_stored
    assert budget.reserved == 0


async def test_only_one_part_of_a_file_is_taken_while_the_store_hangs(
    s3_store: Any,
    fake_s3: Any,
    budget: BufferBudget,
    send: Any,
    some_bytes: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settled_module, "_SETTLE_SECONDS", 0.05)
    fake_s3.fault = lambda method, address: "hang" if "partNumber=1&" in address else None
    upload = await OriginalWriter(s3_store, budget, PART).begin(KEY, 3 * PART)
    sending = asyncio.create_task(send(upload, some_bytes(3 * PART)))
    await _wait_for(fake_s3.hanging)
    for _ in range(50):
        await asyncio.sleep(0)

    assert PART <= upload.size <= PART + 2 * 256 * 1024

    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await upload.abort()
