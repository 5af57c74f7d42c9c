from typing import Any

import obstore
import pytest

from photo_objects.errors import ObjectExistsError, StorageUnavailableError
from photo_objects.object_reader import ObjectReader
from photo_objects.rendition_writer import RenditionWriter

KEY = "renditions/20261123/task/3/thumbnail"


def _keys(store: Any) -> set[str]:
    return {entry["path"] for batch in obstore.list(store) for entry in batch}


def test_a_rendition_is_created_once(store: Any) -> None:
    writer = RenditionWriter(store)

    writer.create(KEY, b"first", "image/webp")
    with pytest.raises(ObjectExistsError):
        writer.create(KEY, b"second", "image/webp")

    assert ObjectReader(store).read(KEY, 100) == b"first"


def test_an_object_store_keeps_the_content_type(s3_store: Any, fake_s3: Any) -> None:
    RenditionWriter(s3_store).create(KEY, b"data", "image/webp")

    assert fake_s3.content_types[KEY] == "image/webp"


@pytest.mark.parametrize("count", [0, 1, 30])
def test_what_is_there_is_deleted_and_what_is_missing_ignored(store: Any, count: int) -> None:
    writer = RenditionWriter(store)
    writer.create("renditions/kept", b"1", "image/webp")
    there = [f"renditions/folder-{number}/there" for number in range(count)]
    for key in there:
        writer.create(key, b"1", "image/webp")

    writer.delete([name for key in there for name in (f"{key}-missing", key)])
    writer.delete(there)

    assert _keys(store) == {"renditions/kept"}


def test_a_failing_store_is_unavailable(s3_store: Any, fake_s3: Any) -> None:
    fake_s3.fault = lambda method, address: 500
    writer = RenditionWriter(s3_store)

    with pytest.raises(StorageUnavailableError):
        writer.create(KEY, b"data", "image/webp")
    with pytest.raises(StorageUnavailableError):
        writer.delete([KEY])
