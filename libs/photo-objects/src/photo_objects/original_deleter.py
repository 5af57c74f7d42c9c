"""Removing originals, and what was made from them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import obstore

from photo_objects.errors import ObjectMissingError, translated_errors

if TYPE_CHECKING:
    from obstore.store import ObjectStore


class OriginalDeleter:
    """Removes originals, and renditions by the same right, for callers with an event loop."""

    def __init__(self, store: "ObjectStore") -> None:
        self._store = store

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove what there is under `keys`; raises StorageUnavailableError."""
        if not keys:
            return
        try:
            with translated_errors(self._store):
                await obstore.delete_async(self._store, keys)
        except ObjectMissingError:
            # Some stores stop at a missing key: the others are removed one by one.
            for key in keys:
                await self._delete_one(key)

    async def _delete_one(self, key: str) -> None:
        try:
            with translated_errors(self._store):
                await obstore.delete_async(self._store, key)
        except ObjectMissingError:
            return
