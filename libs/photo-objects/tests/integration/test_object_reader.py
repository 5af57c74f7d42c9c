import shutil
from pathlib import Path
from typing import Any

import obstore
import pytest

from photo_objects.errors import (
    ObjectMissingError,
    ObjectTooLargeError,
    StorageUnavailableError,
)
from photo_objects.object_reader import ObjectReader

DATA = bytes(range(256)) * 4000


@pytest.mark.parametrize("size", [0, 1, 1000, 1024, 1_000_000])
async def test_an_object_is_read_in_chunks_with_its_size_first(store: Any, size: int) -> None:
    obstore.put(store, "key", DATA[:size])

    opened = await ObjectReader(store).open("key", chunk_size=1024)
    chunks = [chunk async for chunk in opened.chunks]

    assert opened.size == size
    assert b"".join(chunks) == DATA[:size]
    assert all(type(chunk) is bytes and 0 < len(chunk) <= 1024 for chunk in chunks)


def test_an_object_is_read_whole(store: Any) -> None:
    obstore.put(store, "key", DATA)

    read = ObjectReader(store).read("key", len(DATA))

    assert type(read) is bytes
    assert read == DATA


def test_an_object_over_the_limit_is_not_read(store: Any) -> None:
    obstore.put(store, "key", DATA)

    with pytest.raises(ObjectTooLargeError):
        ObjectReader(store).read("key", len(DATA) - 1)


async def test_a_missing_object_is_told_apart(store: Any) -> None:
    reader = ObjectReader(store)

    with pytest.raises(ObjectMissingError):
        reader.read("key", 1)
    with pytest.raises(ObjectMissingError):
        await reader.open("key")


def test_a_missing_bucket_is_not_a_missing_object(s3_store: Any, fake_s3: Any) -> None:
    fake_s3.fault = lambda method, address: 404
    fake_s3.error_code = "NoSuchBucket"

    with pytest.raises(StorageUnavailableError):
        ObjectReader(s3_store).read("key", 1)


def test_a_missing_root_folder_is_not_a_missing_object(file_store: Any, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "objects")

    with pytest.raises(StorageUnavailableError):
        ObjectReader(file_store).read("key", 1)


@pytest.mark.parametrize("status", [403, 500])
async def test_a_store_that_refuses_is_unavailable(
    s3_store: Any, fake_s3: Any, status: int
) -> None:
    fake_s3.objects["key"] = DATA
    fake_s3.fault = lambda method, address: status
    reader = ObjectReader(s3_store)

    with pytest.raises(StorageUnavailableError):
        reader.read("key", len(DATA))
    with pytest.raises(StorageUnavailableError) as failure:
        await reader.open("key")

    assert str(failure.value) == "Storage could not be used."


async def test_a_store_that_does_not_answer_is_given_up(
    impatient_s3_store: Any, fake_s3: Any
) -> None:
    fake_s3.fault = lambda method, address: "hang"

    with pytest.raises(StorageUnavailableError):
        await ObjectReader(impatient_s3_store).open("key")


async def test_a_reader_may_stop_in_the_middle(store: Any) -> None:
    obstore.put(store, "key", DATA)
    opened = await ObjectReader(store).open("key", chunk_size=1024)

    assert await anext(opened.chunks) == DATA[:1024]
