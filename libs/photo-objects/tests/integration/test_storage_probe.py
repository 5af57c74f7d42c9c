from pathlib import Path
from typing import Any

import obstore
import pytest

from photo_objects.errors import StorageUnavailableError
from photo_objects.storage_probe import check_writable


async def test_a_writable_store_passes_every_time_and_keeps_one_small_object(store: Any) -> None:
    await check_writable(store)
    await check_writable(store)

    entries = [entry for batch in obstore.list(store) for entry in batch]
    assert [(entry["path"], entry["size"]) for entry in entries] == [("originals/start-check", 1)]


async def test_the_check_stays_in_the_folder_of_the_service(store: Any) -> None:
    await check_writable(store, "renditions")

    entries = [entry["path"] for batch in obstore.list(store) for entry in batch]
    assert entries == ["renditions/start-check"]


async def test_a_credential_that_may_only_create_passes(s3_store: Any, fake_s3: Any) -> None:
    fake_s3.fault = lambda method, address: None if method == "PUT" else 403

    await check_writable(s3_store)
    await check_writable(s3_store)


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_a_store_that_refuses_is_described_for_the_operator(
    s3_store: Any, fake_s3: Any, status: int
) -> None:
    fake_s3.fault = lambda method, address: status
    fake_s3.error_code = "NoSuchBucket"

    with pytest.raises(StorageUnavailableError, match="not writable: check") as failure:
        await check_writable(s3_store)

    assert "NoSuchBucket" not in str(failure.value)
    assert "NoSuchBucket" in str(failure.value.__cause__)


async def test_a_folder_that_cannot_be_written_is_described(
    file_store: Any, tmp_path: Path
) -> None:
    (tmp_path / "objects" / "originals").write_bytes(b"a file where a folder should be")

    with pytest.raises(StorageUnavailableError, match="not writable: check"):
        await check_writable(file_store)


async def test_a_store_that_does_not_answer_is_given_up(s3_store: Any, fake_s3: Any) -> None:
    fake_s3.fault = lambda method, address: "hang"

    with pytest.raises(StorageUnavailableError, match=r"no answer within 0\.1 seconds"):
        await check_writable(s3_store, timeout_seconds=0.1)
