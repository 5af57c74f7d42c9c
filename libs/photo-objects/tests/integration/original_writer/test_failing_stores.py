"""A store that fails, or does not answer, keeps nothing and no buffer."""

from pathlib import Path
from typing import Any

import pytest

from photo_objects.buffer_budget import BufferBudget
from photo_objects.errors import StorageUnavailableError
from photo_objects.original_writer import OriginalWriter

KEY = "originals/20261123/task-nonce"
PART = 5 * 1024 * 1024
"""S3 takes no smaller part but the last."""


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
    s3_store: Any, fake_s3: Any, budget: BufferBudget, send: Any, some_bytes: Any, step: str
) -> None:
    fake_s3.fault = lambda method, address: 500 if step in address else None
    upload = await OriginalWriter(s3_store, budget, PART).begin(KEY, 3 * PART)

    with pytest.raises(StorageUnavailableError):  # noqa: PT012
        await send(upload, some_bytes(2 * PART + 10))
        await upload.finish()
    await upload.abort()

    assert fake_s3.objects == fake_s3.uploads == {}
    assert budget.reserved == 0


async def test_an_upload_whose_part_was_lost_cannot_be_finished(
    s3_store: Any, fake_s3: Any, budget: BufferBudget, send: Any, some_bytes: Any
) -> None:
    fake_s3.fault = lambda method, address: 500 if "partNumber=1&" in address else None
    upload = await OriginalWriter(s3_store, budget, PART).begin(KEY, 3 * PART)
    with pytest.raises(StorageUnavailableError):
        await send(upload, some_bytes(3 * PART))
    fake_s3.fault = lambda method, address: None

    with pytest.raises(StorageUnavailableError):
        await upload.finish()

    assert fake_s3.objects == fake_s3.uploads == {}
    assert budget.reserved == 0


async def test_a_store_that_refuses_to_join_the_parts_keeps_none(
    s3_store: Any, fake_s3: Any, budget: BufferBudget, send: Any, some_bytes: Any
) -> None:
    fake_s3.fault = lambda method, address: (
        500 if method == "POST" and "uploadId" in address else None
    )
    upload = await OriginalWriter(s3_store, budget, PART).begin(KEY, 3 * PART)
    await send(upload, some_bytes(PART + 10))

    with pytest.raises(StorageUnavailableError):
        await upload.finish()
    await upload.abort()

    assert fake_s3.objects == fake_s3.uploads == {}
    assert budget.reserved == 0


async def test_abort_does_not_fail_with_the_store(
    s3_store: Any, fake_s3: Any, budget: BufferBudget, send: Any, some_bytes: Any
) -> None:
    upload = await OriginalWriter(s3_store, budget, PART).begin(KEY, 3 * PART)
    await send(upload, some_bytes(2 * PART))
    fake_s3.fault = lambda method, address: 500

    await upload.abort()

    assert fake_s3.objects == {}
    assert budget.reserved == 0


async def test_a_folder_that_cannot_be_written_is_storage_unavailable(
    file_store: Any, tmp_path: Path, budget: BufferBudget
) -> None:
    (tmp_path / "objects" / "originals").write_bytes(b"a file where a folder should be")
    upload = await OriginalWriter(file_store, budget, PART).begin(KEY, 100)

    with pytest.raises(StorageUnavailableError):
        await upload.finish()

    assert budget.reserved == 0
