"""The objects in storage that the rows of a photo name."""

from dataclasses import dataclass

import asyncpg

_RENDITION_KEYS = (
    "ARRAY(SELECT made.object_key FROM renditions AS made WHERE made.photo_id = {photo}.id)"
)


@dataclass(frozen=True, slots=True)
class PhotoObjects:
    """The objects of one photo."""

    original_key: str
    rendition_keys: tuple[str, ...]


def rendition_keys_of(photo: str) -> str:
    """SQL for the keys of the renditions of `photo`, the name of a relation with an `id`."""
    return _RENDITION_KEYS.format(photo=photo)


def objects_of(row: asyncpg.Record) -> PhotoObjects:
    """The objects of a row with the columns `object_key` and `rendition_keys`."""
    return PhotoObjects(row["object_key"], tuple(row["rendition_keys"]))
