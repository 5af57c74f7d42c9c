from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import obstore
import pytest

from photo_objects.errors import StorageUnavailableError
from photo_objects.object_lister import ObjectLister
from photo_objects.store_url import open_store


async def listed(store: Any, folder: str, page_size: int = 1_000) -> list[list[str]]:
    pages = ObjectLister(store, page_size).pages(folder)
    return [[listed.key for listed in page] async for page in pages]


async def test_every_object_is_listed_once_with_its_time(store: Any) -> None:
    keys = {f"originals/day/{number}" for number in range(12)}
    for key in keys:
        obstore.put(store, key, b"1")

    objects = [one async for page in ObjectLister(store).pages("originals") for one in page]

    assert sorted(one.key for one in objects) == sorted(keys)
    assert all(one.modified_at < datetime.now(UTC) + timedelta(minutes=1) for one in objects)


@pytest.mark.parametrize("kind", ["file", "memory"])
async def test_a_folder_is_listed_in_pages_and_nothing_beside_it(
    kind: str, file_store: Any
) -> None:
    store = file_store if kind == "file" else open_store("memory://")
    for number in range(5):
        obstore.put(store, f"originals/day/{number}", b"1")
        obstore.put(store, f"originals-of-others/{number}", b"1")

    pages = await listed(store, "originals", page_size=2)

    assert [len(page) for page in pages] == [2, 2, 1]
    assert {key.split("/")[0] for page in pages for key in page} == {"originals"}


async def test_what_is_deleted_while_it_is_listed_hurts_nobody(file_store: Any) -> None:
    for number in range(5):
        obstore.put(file_store, f"originals/day/{number}", b"1")

    async for page in ObjectLister(file_store, 2).pages("originals"):
        await obstore.delete_async(file_store, [one.key for one in page])

    assert await listed(file_store, "originals") == []


async def test_a_folder_that_is_not_there_is_empty(store: Any) -> None:
    assert await listed(store, "renditions") == []


async def test_a_store_that_is_not_there_is_not_empty_but_unavailable(
    file_store: Any, tmp_path: Path
) -> None:
    (tmp_path / "objects").rmdir()

    with pytest.raises(StorageUnavailableError):
        await listed(file_store, "originals")


@pytest.mark.parametrize(("status", "code"), [(500, "InternalError"), (404, "NoSuchBucket")])
async def test_a_failing_store_is_unavailable(
    s3_store: Any, fake_s3: Any, status: int, code: str
) -> None:
    fake_s3.fault = lambda method, address: status
    fake_s3.error_code = code

    with pytest.raises(StorageUnavailableError):
        await listed(s3_store, "originals")
