"""What is stored of an original, and what is left of one that is not finished."""

import asyncio
import hashlib
from typing import Any

import obstore
import pytest

from photo_objects.buffer_budget import BufferBudget
from photo_objects.errors import ObjectExistsError
from photo_objects.object_reader import ObjectReader
from photo_objects.original_writer import OriginalWriter

KEY = "originals/20261123/task-nonce"
PART = 5 * 1024 * 1024
"""S3 takes no smaller part but the last."""


def _keys(store: Any) -> list[str]:
    return [entry["path"] for batch in obstore.list(store) for entry in batch]


@pytest.mark.parametrize("size", [0, 1, 300_001, PART, PART + 1, 2 * PART, 2 * PART + 12_345])
async def test_what_was_written_is_stored_with_its_exact_size_and_hash(
    store: Any, budget: BufferBudget, send: Any, some_bytes: Any, size: int
) -> None:
    data = some_bytes(size)

    upload = await OriginalWriter(store, budget, PART).begin(KEY, 3 * PART)
    await send(upload, data)
    stored = await upload.finish()

    assert (stored.key, stored.size, upload.size) == (KEY, size, size)
    assert stored.sha256 == hashlib.sha256(data).digest()
    assert ObjectReader(store).read(KEY, 3 * PART) == data
    assert budget.reserved == 0


async def test_one_part_at_most_is_reserved_before_the_first_byte(
    store: Any, budget: BufferBudget
) -> None:
    writer = OriginalWriter(store, budget, PART)

    small, large = await writer.begin("small", 100), await writer.begin("large", 9 * PART)

    assert budget.reserved == 100 + PART
    await small.abort()
    await large.abort()
    assert budget.reserved == 0


async def test_an_upload_waits_until_the_budget_has_room(store: Any) -> None:
    budget = BufferBudget(PART)
    writer = OriginalWriter(store, budget, PART)
    first = await writer.begin("first", PART)
    second = asyncio.create_task(writer.begin("second", PART))
    await asyncio.sleep(0)
    assert budget.waiting == 1

    await first.write(b"1")
    await first.finish()

    await (await second).abort()
    assert budget.reserved == 0


async def test_an_object_is_never_overwritten(store: Any, budget: BufferBudget) -> None:
    writer = OriginalWriter(store, budget, PART)
    first = await writer.begin(KEY, 100)
    await first.write(b"first")
    await first.finish()

    second = await writer.begin(KEY, 100)
    await second.write(b"second")
    with pytest.raises(ObjectExistsError):
        await second.finish()

    assert ObjectReader(store).read(KEY, 100) == b"first"
    assert not second.may_be_stored
    assert budget.reserved == 0


@pytest.mark.parametrize("size", [0, 10, PART + 10, 2 * PART + 10])
async def test_an_aborted_upload_leaves_nothing(
    store: Any, budget: BufferBudget, send: Any, some_bytes: Any, size: int
) -> None:
    upload = await OriginalWriter(store, budget, PART).begin(KEY, 3 * PART)
    await send(upload, some_bytes(size))

    await upload.abort()
    await upload.abort()

    assert _keys(store) == []
    assert not upload.may_be_stored
    assert budget.reserved == 0
    with pytest.raises(ValueError, match="finished or aborted"):
        await upload.write(b"more")
    with pytest.raises(ValueError, match="finished or aborted"):
        await upload.finish()


async def test_leaving_the_context_aborts_unless_the_upload_is_finished(
    store: Any, budget: BufferBudget
) -> None:
    writer = OriginalWriter(store, budget, PART)

    async with await writer.begin("kept", 10) as upload:
        await upload.write(b"kept")
        await upload.finish()
    with pytest.raises(RuntimeError):  # noqa: PT012
        async with await writer.begin("dropped", 10) as upload:
            await upload.write(b"dropped")
            raise RuntimeError

    assert _keys(store) == ["kept"]
    assert budget.reserved == 0


async def test_more_bytes_than_announced_are_refused(store: Any, budget: BufferBudget) -> None:
    upload = await OriginalWriter(store, budget, PART).begin(KEY, 4)
    await upload.write(b"1234")

    with pytest.raises(ValueError, match="larger than the 4 bytes"):
        await upload.write(b"5")

    assert upload.size == 4
    await upload.abort()


async def test_a_chunk_may_be_reused_after_write(store: Any, budget: BufferBudget) -> None:
    chunk = bytearray(64 * 1024)
    async with await OriginalWriter(store, budget, PART).begin(KEY, 2 * PART) as upload:
        for number in range(100):
            chunk[:] = bytes([number]) * len(chunk)
            await upload.write(memoryview(chunk))
        await upload.finish()

    expected = b"".join(bytes([number]) * len(chunk) for number in range(100))
    assert ObjectReader(store).read(KEY, 2 * PART) == expected


async def test_a_later_file_never_shines_through_in_an_earlier_or_shorter_one(
    store: Any,
) -> None:
    writer = OriginalWriter(store, BufferBudget(4096), part_size=1024)
    contents = {"originals/a": b"a" * 1000, "originals/b": b"b" * 300, "originals/c": b"c" * 700}
    for key, content in contents.items():
        upload = await writer.begin(key, 1024)
        for start in range(0, len(content), 64):
            await upload.write(memoryview(content)[start : start + 64])
        stored = await upload.finish()
        assert stored.sha256 == hashlib.sha256(content).digest()
    for key, content in contents.items():
        assert ObjectReader(store).read(key, 1024) == content
