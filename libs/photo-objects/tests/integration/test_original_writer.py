import asyncio
import hashlib
from pathlib import Path
from typing import Any

import obstore
import pytest

from photo_objects import settled as settled_module
from photo_objects.buffer_budget import BufferBudget
from photo_objects.errors import ObjectExistsError, StorageUnavailableError
from photo_objects.object_reader import ObjectReader
from photo_objects.original_writer import OriginalUpload, OriginalWriter

KEY = "originals/20261123/task-nonce"
PART = 5 * 1024 * 1024
"""S3 takes no smaller part but the last."""


@pytest.fixture
def budget() -> BufferBudget:
    return BufferBudget(4 * PART)


def _bytes(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def _keys(store: Any) -> list[str]:
    return [entry["path"] for batch in obstore.list(store) for entry in batch]


async def _send(upload: OriginalUpload, data: bytes, chunk_size: int = 64 * 1024) -> None:
    for start in range(0, len(data), chunk_size):
        await upload.write(memoryview(data)[start : start + chunk_size])


async def _wait_for(event: Any) -> None:
    assert await asyncio.to_thread(event.wait, 20)


@pytest.mark.parametrize("size", [0, 1, 300_001, PART, PART + 1, 2 * PART, 2 * PART + 12_345])
async def test_what_was_written_is_stored_with_its_exact_size_and_hash(
    store: Any, budget: BufferBudget, size: int
) -> None:
    data = _bytes(size)

    upload = await OriginalWriter(store, budget, PART).begin(KEY, 3 * PART)
    await _send(upload, data)
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
    store: Any, budget: BufferBudget, size: int
) -> None:
    upload = await OriginalWriter(store, budget, PART).begin(KEY, 3 * PART)
    await _send(upload, _bytes(size))

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


@pytest.mark.parametrize("status", [403, 500, 503])
async def test_a_failing_put_leaves_nothing_and_says_nothing_of_the_store(
    s3_store: Any, fake_s3: Any, budget: BufferBudget, status: int
) -> None:
    fake_s3.fault = lambda method, address: status
    upload = await OriginalWriter(s3_store, budget, PART).begin(KEY, 100)
    await upload.write(b"data")

    with pytest.raises(StorageUnavailableError) as failure:
        await upload.finish()
    await upload.abort()

    assert str(failure.value) == "Storage could not be used."
    assert "127.0.0.1" in str(failure.value.__cause__)
    assert fake_s3.objects == {}
    assert budget.reserved == 0


async def test_a_store_that_does_not_answer_is_given_up(
    impatient_s3_store: Any, fake_s3: Any, budget: BufferBudget
) -> None:
    fake_s3.fault = lambda method, address: "hang"
    upload = await OriginalWriter(impatient_s3_store, budget, PART).begin(KEY, 100)
    await upload.write(b"data")

    with pytest.raises(StorageUnavailableError):
        await upload.finish()

    assert upload.may_be_stored
    assert budget.reserved == 0
    assert len(fake_s3.requests) == 1, "a put that may have been carried out was repeated"


@pytest.mark.parametrize("step", ["uploads", "partNumber=1&", "partNumber=2&", "partNumber=3&"])
async def test_a_failing_part_leaves_nothing(
    s3_store: Any, fake_s3: Any, budget: BufferBudget, step: str
) -> None:
    fake_s3.fault = lambda method, address: 500 if step in address else None
    upload = await OriginalWriter(s3_store, budget, PART).begin(KEY, 3 * PART)

    with pytest.raises(StorageUnavailableError):  # noqa: PT012
        await _send(upload, _bytes(2 * PART + 10))
        await upload.finish()
    await upload.abort()

    assert fake_s3.objects == fake_s3.uploads == {}
    assert budget.reserved == 0


async def test_an_upload_whose_part_was_lost_cannot_be_finished(
    s3_store: Any, fake_s3: Any, budget: BufferBudget
) -> None:
    fake_s3.fault = lambda method, address: 500 if "partNumber=1&" in address else None
    upload = await OriginalWriter(s3_store, budget, PART).begin(KEY, 3 * PART)
    with pytest.raises(StorageUnavailableError):
        await _send(upload, _bytes(3 * PART))
    fake_s3.fault = lambda method, address: None

    with pytest.raises(StorageUnavailableError):
        await upload.finish()

    assert fake_s3.objects == fake_s3.uploads == {}
    assert budget.reserved == 0


async def test_a_store_that_refuses_to_join_the_parts_keeps_none(
    s3_store: Any, fake_s3: Any, budget: BufferBudget
) -> None:
    fake_s3.fault = lambda method, address: (
        500 if method == "POST" and "uploadId" in address else None
    )
    upload = await OriginalWriter(s3_store, budget, PART).begin(KEY, 3 * PART)
    await _send(upload, _bytes(PART + 10))

    with pytest.raises(StorageUnavailableError):
        await upload.finish()
    await upload.abort()

    assert fake_s3.objects == fake_s3.uploads == {}
    assert budget.reserved == 0


async def test_abort_does_not_fail_with_the_store(
    s3_store: Any, fake_s3: Any, budget: BufferBudget
) -> None:
    upload = await OriginalWriter(s3_store, budget, PART).begin(KEY, 3 * PART)
    await _send(upload, _bytes(2 * PART))
    fake_s3.fault = lambda method, address: 500

    await upload.abort()

    assert fake_s3.objects == {}
    assert budget.reserved == 0


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
    file_store: Any, budget: BufferBudget, turns: int
) -> None:
    upload = await OriginalWriter(file_store, budget, PART).begin(KEY, PART)
    await _send(upload, _bytes(PART))
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
        assert ObjectReader(file_store).read(KEY, PART) == _bytes(PART)
    assert budget.reserved == 0


async def test_a_part_that_hangs_is_dropped_when_it_is_cancelled(
    s3_store: Any, fake_s3: Any, budget: BufferBudget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settled_module, "_SETTLE_SECONDS", 0.05)
    fake_s3.fault = lambda method, address: "hang" if "partNumber=1&" in address else None
    upload = await OriginalWriter(s3_store, budget, PART).begin(KEY, 3 * PART)
    sending = asyncio.create_task(_send(upload, _bytes(3 * PART)))
    await _wait_for(fake_s3.hanging)

    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await upload.abort()

    assert fake_s3.objects == fake_s3.uploads == {}
    assert not upload.may_be_stored
    assert budget.reserved == 0


async def test_only_one_part_of_a_file_is_taken_while_the_store_hangs(
    s3_store: Any, fake_s3: Any, budget: BufferBudget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settled_module, "_SETTLE_SECONDS", 0.05)
    fake_s3.fault = lambda method, address: "hang" if "partNumber=1&" in address else None
    upload = await OriginalWriter(s3_store, budget, PART).begin(KEY, 3 * PART)
    sending = asyncio.create_task(_send(upload, _bytes(3 * PART)))
    await _wait_for(fake_s3.hanging)
    for _ in range(50):
        await asyncio.sleep(0)

    assert PART <= upload.size <= PART + 2 * 256 * 1024

    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await upload.abort()


async def test_a_folder_that_cannot_be_written_is_storage_unavailable(
    file_store: Any, tmp_path: Path, budget: BufferBudget
) -> None:
    (tmp_path / "objects" / "originals").write_bytes(b"a file where a folder should be")
    upload = await OriginalWriter(file_store, budget, PART).begin(KEY, 100)

    with pytest.raises(StorageUnavailableError):
        await upload.finish()

    assert budget.reserved == 0


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
