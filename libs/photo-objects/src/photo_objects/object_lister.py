"""Listing what lies in storage."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import obstore
from obstore.store import LocalStore

from photo_objects.errors import ObjectMissingError, StorageUnavailableError, translated_errors

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_PAGE_SIZE = 1_000


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object as a listing tells of it."""

    key: str
    # When its bytes were written, in UTC.
    modified_at: datetime


class ObjectLister:
    """Lists objects, for callers with an event loop."""

    def __init__(self, store: "ObjectStore", page_size: int = _PAGE_SIZE) -> None:
        self._store = store
        self._page_size = page_size

    async def pages(self, folder: str) -> AsyncIterator[list[ListedObject]]:
        """The objects below `folder`, in no particular order, in pages of `page_size` at most.

        One page is in memory at a time; objects may be deleted meanwhile. Raises
        StorageUnavailableError, also where the whole store is missing: that is not an empty one.
        """
        store = self._store
        if isinstance(store, LocalStore) and store.prefix is not None and not store.prefix.is_dir():
            raise StorageUnavailableError("The storage location does not exist.")
        try:
            with translated_errors(store):
                async for page in obstore.list(store, prefix=folder, chunk_size=self._page_size):
                    yield [ListedObject(meta["path"], meta["last_modified"]) for meta in page]
        except ObjectMissingError as error:
            raise StorageUnavailableError("Storage could not be listed.") from error
