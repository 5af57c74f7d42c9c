"""An object that is larger than one part, put part by part."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import obstore

from photo_objects.errors import StorageUnavailableError, translated_errors
from photo_objects.settled import settled

if TYPE_CHECKING:
    from obstore.store import ObjectStore


_PIECE = 256 * 1024
_ABORT_SECONDS = 10


class PartWriter:
    """A multipart upload that appears under its key when `finish` returns, or never.

    obstore collects one part and sends one part at a time: `write` waits while a full part is
    on its way, so no more than one part and two pieces of the next (256 KiB each) are held.
    """

    def __init__(self, store: "ObjectStore", key: str, part_size: int) -> None:
        self._store = store
        # With one request at a time no second part is collected while one is being sent.
        self._writer = obstore.open_writer_async(
            store, key, buffer_size=part_size, max_concurrency=1
        )
        self._piece = bytearray()

    async def write(self, chunk: bytes | memoryview) -> None:
        """Add bytes; raises StorageUnavailableError."""
        self._piece += chunk
        if len(self._piece) >= _PIECE:
            await self.write_owned(self._take_piece())

    async def write_owned(self, data: bytearray | memoryview) -> None:
        """Add bytes that nobody will change: obstore keeps them in place until they are sent."""
        with translated_errors(self._store):
            await settled(self._writer.write(data))

    async def finish(self) -> None:
        """Send the last part and put the object together; raises StorageUnavailableError.

        Where that fails the parts are dropped, as in `abort`.
        """
        try:
            if self._piece:
                await self.write_owned(self._take_piece())
            with translated_errors(self._store):
                await settled(self._writer.close())
        except BaseException:
            await self.abort()
            raise

    async def abort(self) -> None:
        """Ask the store to drop the parts, for at most 10 s.

        Parts that a failing store keeps are invisible, and a lifecycle rule of the bucket removes
        them. Source: "Aborting incomplete multipart uploads" in the manuals of the stores.
        """
        self._piece = bytearray()
        error = ConnectionAbortedError()
        with suppress(StorageUnavailableError), translated_errors(self._store):
            async with asyncio.timeout(_ABORT_SECONDS):
                # Leaving the writer with an error is obstore's one public way to abort; a writer
                # that is closed already refuses, and has aborted by itself.
                await settled(self._writer.__aexit__(type(error), error, None))

    def _take_piece(self) -> bytearray:
        piece, self._piece = self._piece, bytearray()
        return piece
