"""Reading originals and renditions."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import obstore

from photo_objects.errors import ObjectTooLargeError, translated_errors

if TYPE_CHECKING:
    from obstore import GetResult
    from obstore.store import ObjectStore

CHUNK_SIZE = 256 * 1024


@dataclass(frozen=True, slots=True)
class OpenedObject:
    """An object that is being read: its `size` in bytes and its bytes, to be iterated once."""

    size: int
    chunks: AsyncIterator[bytes]


class ObjectReader:
    """Reads objects of one store.

    Every method raises ObjectMissingError where there is none and StorageUnavailableError where
    storage cannot tell.
    """

    def __init__(self, store: "ObjectStore") -> None:
        self._store = store

    async def open(self, key: str, chunk_size: int = CHUNK_SIZE) -> OpenedObject:
        """The size of the object and its bytes in chunks of at most `chunk_size`.

        The chunks raise StorageUnavailableError where the store breaks off; the object is not
        held in memory.
        """
        with translated_errors(self._store):
            result = await obstore.get_async(self._store, key)
        return OpenedObject(result.meta["size"], self._chunks(result, chunk_size))

    def read(self, key: str, max_size: int) -> bytes:
        """The whole object, for callers without an event loop.

        Raises ObjectTooLargeError for more than `max_size` bytes, before reading them. Not for
        use before a fork.
        """
        with translated_errors(self._store):
            result = obstore.get(self._store, key)
            if result.meta["size"] > max_size:
                raise ObjectTooLargeError(f"The object is larger than {max_size} bytes.")
            return result.bytes().to_bytes()

    async def _chunks(self, result: "GetResult", chunk_size: int) -> AsyncIterator[bytes]:
        with translated_errors(self._store):
            async for piece in result.stream(min_chunk_size=chunk_size):
                # The store decides how large a piece is at most.
                for start in range(0, len(piece), chunk_size):
                    yield piece[start : start + chunk_size]
