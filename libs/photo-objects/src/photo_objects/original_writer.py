"""Originals go to storage while they arrive: hashed, counted, created, never overwritten."""

import hashlib
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

import obstore
from obstore.store import MemoryStore

from photo_objects.buffer_budget import BufferBudget, Reservation
from photo_objects.buffer_pool import BufferPool
from photo_objects.errors import ObjectExistsError, StorageUnavailableError, translated_errors
from photo_objects.part_writer import PartWriter
from photo_objects.settled import settled

if TYPE_CHECKING:
    from obstore.store import ObjectStore

PART_SIZE = 8 * 1024 * 1024
# Buffers that are kept for the next files; what a busier moment needed goes back to the system.
_IDLE_BUFFERS = 8


@dataclass(frozen=True, slots=True)
class StoredOriginal:
    """An original that lies in storage; `size` in bytes, `sha256` as 32 bytes."""

    key: str
    size: int
    sha256: bytes


class OriginalWriter:
    """Creates originals; it cannot read, list or delete them.

    `part_size` in bytes: a file up to this size is one PUT that fails if the key is taken. A
    larger one is a multipart upload, for which stores offer no such check: there the 128 random
    bits in the key (`photo_domain.object_keys`) keep it from meeting another.
    """

    def __init__(
        self, store: "ObjectStore", budget: BufferBudget, part_size: int = PART_SIZE
    ) -> None:
        self._store = store
        self._budget = budget
        self._part_size = part_size
        # A memory store keeps what it is given in place: such a buffer is the object from then on.
        self._buffers = BufferPool(0 if isinstance(store, MemoryStore) else _IDLE_BUFFERS)

    async def begin(self, key: str, max_size: int, holder: str | None = None) -> "OriginalUpload":
        """Wait for the buffer of a file of at most `max_size` bytes (1 or more).

        `holder` names whose file it is, where one must not take the memory of all (BufferBudget).
        All of it is reserved before the first byte arrives, so uploads can wait for each other
        but never lock each other. Call `finish` or `abort` on every upload, or use it as an
        async context manager. Raises ValueError where the budget could never hold one part.
        """
        reservation = await self._budget.reserve(min(self._part_size, max_size), holder)
        return OriginalUpload(self._store, key, max_size, self._buffers, reservation)


class OriginalUpload:
    """One file on its way to storage, for one task at a time."""

    def __init__(
        self,
        store: "ObjectStore",
        key: str,
        max_size: int,
        buffers: BufferPool,
        reservation: Reservation,
    ) -> None:
        self._store = store
        self._key = key
        self._max_size = max_size
        self._buffers = buffers
        self._reservation = reservation
        # Part size, or the largest size of the file if that is less.
        self._buffer_size = reservation.size
        self._buffer: memoryview | None = None
        self._parts: PartWriter | None = None
        self._sha256 = hashlib.sha256()
        self._size = 0
        self._is_open = True
        self._is_broken = False
        self._may_be_stored = False

    @property
    def key(self) -> str:
        """The key the file is stored under."""
        return self._key

    @property
    def size(self) -> int:
        """Bytes taken so far."""
        return self._size

    @property
    def may_be_stored(self) -> bool:
        """Whether an object of this upload may lie under the key, `finish` failed or not.

        A put whose answer is lost may have been carried out. This writer cannot delete: have
        such keys discarded.
        """
        return self._may_be_stored

    async def write(self, chunk: bytes | memoryview) -> None:
        """Take the next bytes; those of a memoryview may change once this returns.

        Raises ValueError for more than `max_size` bytes or a finished upload, and
        StorageUnavailableError where a full part cannot be stored: the upload is lost then.
        """
        if not self._is_open:
            raise ValueError("The upload is finished or aborted.")
        if self._size + len(chunk) > self._max_size:
            raise ValueError(f"The file is larger than the {self._max_size} bytes announced.")
        self._sha256.update(chunk)
        start, self._size = self._size, self._size + len(chunk)
        if self._size <= self._buffer_size:
            if self._buffer is None:
                self._buffer = self._buffers.take(self._buffer_size)
            self._buffer[start : self._size] = chunk
            return
        try:
            await self._write_part(start, chunk)
        except BaseException:
            self._is_broken = True
            raise

    async def finish(self) -> StoredOriginal:
        """Store what is buffered; once this returns the whole file is in storage.

        Gives the reservation back however it ends. Raises ObjectExistsError (the object there
        is untouched), StorageUnavailableError, or ValueError for a finished upload. When it is
        cancelled, a put that is under way has 2 s to settle.
        """
        if not self._is_open:
            raise ValueError("The upload is finished or aborted.")
        if self._is_broken:
            await self.abort()
            raise StorageUnavailableError("A part of the file could not be stored.")
        self._is_open = False
        self._may_be_stored = True
        try:
            if self._parts is None:
                await self._put()
            else:
                await self._parts.finish()
        finally:
            self._close()
        return StoredOriginal(self._key, self._size, self._sha256.digest())

    async def abort(self) -> None:
        """Drop the file, leave nothing of it in storage and give the reservation back.

        Safe at any time and more than once; after `finish` it does nothing. It takes at most
        10 s and does not raise for a store that cannot be reached.
        """
        if not self._is_open:
            return
        self._is_open = False
        try:
            if self._parts is not None:
                await self._parts.abort()
        finally:
            self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.abort()

    async def _put(self) -> None:
        whole = self._buffer[: self._size] if self._buffer else b""
        try:
            with translated_errors(self._store):
                # obstore reads a memoryview in place: `bytes` would double the buffer.
                await settled(obstore.put_async(self._store, self._key, whole, mode="create"))
        except ObjectExistsError:
            self._may_be_stored = False
            raise
        if self._buffer:
            # Only now is it certain that nobody reads it any more.
            self._buffers.give_back(self._buffer)

    async def _write_part(self, buffered: int, chunk: bytes | memoryview) -> None:
        if self._parts is None:
            self._parts = PartWriter(self._store, self._key, self._buffer_size)
            # From here on the one part of this file is buffered in the part writer.
            first, self._buffer = self._buffer, None
            if first:
                await self._parts.write_owned(first[:buffered])
            del first
        await self._parts.write(chunk)

    def _close(self) -> None:
        self._buffer = None
        self._reservation.release()
