from pathlib import Path
from typing import Any

import obstore
import pytest

from photo_objects.errors import StorageUnavailableError
from photo_objects.original_deleter import OriginalDeleter


@pytest.mark.parametrize("count", [0, 1, 30])
async def test_what_is_there_is_deleted_and_what_is_missing_ignored(store: Any, count: int) -> None:
    obstore.put(store, "originals/kept", b"1")
    there = [f"originals/day/{number}" for number in range(count)]
    for key in there:
        obstore.put(store, key, b"1")

    await OriginalDeleter(store).delete([n for key in there for n in (f"{key}-missing", key)])
    await OriginalDeleter(store).delete(there)

    left = [entry["path"] for batch in obstore.list(store) for entry in batch]
    assert left == ["originals/kept"]


async def test_a_folder_goes_with_its_last_file(file_store: Any, tmp_path: Path) -> None:
    obstore.put(file_store, "originals/day/key", b"1")

    await OriginalDeleter(file_store).delete(["originals/day/key"])

    assert list((tmp_path / "objects").iterdir()) == []


async def test_a_failing_store_is_unavailable(s3_store: Any, fake_s3: Any) -> None:
    fake_s3.fault = lambda method, address: 500

    with pytest.raises(StorageUnavailableError):
        await OriginalDeleter(s3_store).delete(["originals/day/key"])


async def test_a_missing_bucket_is_unavailable(s3_store: Any, fake_s3: Any) -> None:
    fake_s3.fault = lambda method, address: 404
    fake_s3.error_code = "NoSuchBucket"

    with pytest.raises(StorageUnavailableError):
        await OriginalDeleter(s3_store).delete(["originals/day/key"])
