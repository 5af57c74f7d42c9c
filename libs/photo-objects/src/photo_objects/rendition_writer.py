"""Renditions go to storage."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import obstore
from obstore.store import LocalStore

from photo_objects.errors import ObjectMissingError, translated_errors

if TYPE_CHECKING:
    from obstore.store import ObjectStore


class RenditionWriter:
    """Creates and deletes renditions, for callers without an event loop. Not before a fork."""

    def __init__(self, store: "ObjectStore") -> None:
        self._store = store
        # Plain files have no place for it; whoever serves a rendition knows its type.
        self._keeps_content_type = not isinstance(store, LocalStore)

    def create(self, key: str, data: bytes, content_type: str) -> None:
        """Store `data`; raises ObjectExistsError (it is untouched), StorageUnavailableError."""
        with translated_errors(self._store):
            obstore.put(
                self._store,
                key,
                data,
                mode="create",
                attributes={"Content-Type": content_type} if self._keeps_content_type else None,
            )

    def delete(self, keys: Sequence[str]) -> None:
        """Remove what there is under `keys`; raises StorageUnavailableError."""
        if not keys:
            return
        try:
            with translated_errors(self._store):
                obstore.delete(self._store, keys)
        except ObjectMissingError:
            # Some stores stop at a missing key: the others are removed one by one.
            for key in keys:
                self._delete_one(key)

    def _delete_one(self, key: str) -> None:
        try:
            with translated_errors(self._store):
                obstore.delete(self._store, key)
        except ObjectMissingError:
            return
