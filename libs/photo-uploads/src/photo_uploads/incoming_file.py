"""One file of an upload, checked while its bytes arrive."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from photo_domain.errors import ErrorCode, RequestError
from photo_domain.file_format import SNIFF_SIZE, FileFormat, format_of_name, sniff_format
from photo_domain.limits import UploadLimits
from photo_domain.object_keys import new_nonce, original_key
from photo_domain.rejection import Rejection, reject_content, reject_name, reject_size
from photo_domain.task_id import new_task_id
from photo_objects.original_writer import OriginalUpload, OriginalWriter

# How long a file may wait for room in memory, in seconds.
_ROOM_SECONDS = 60.0

# The task id and the nonce of an original: the two parts of its key.
ObjectRef = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that passed every check and lies in storage."""

    task_id: UUID
    nonce: str
    file_name: str
    content_type: str
    size: int
    sha256: bytes
    position: int


class IncomingFile:
    """Checks a file as it arrives and stores it unless a rule refuses it.

    A refused file costs nothing any more: its bytes are counted and dropped.
    """

    def __init__(
        self,
        file_name: str,
        position: int,
        originals: OriginalWriter,
        limits: UploadLimits,
        visitor: str,
    ) -> None:
        self.file_name = file_name
        self.position = position
        self.size = 0
        self.rejections: list[Rejection] = reject_name(file_name, limits)
        self._limits = limits
        self._originals = originals
        self._visitor = visitor
        self._head = b""
        self._format: FileFormat | None = None
        self._sniffed = False
        self._task_id = new_task_id()
        self._nonce = new_nonce()
        self._upload: OriginalUpload | None = None

    async def write(self, chunk: memoryview) -> None:
        """Take the next bytes. Raises RequestError (storage_unavailable)."""
        was_too_large = self.size > self._limits.max_file_size
        self.size += len(chunk)
        if was_too_large:
            return
        if self.size > self._limits.max_file_size:
            await self._reject(reject_size(self.size, self._limits))
        if not self._sniffed:
            if self._head or len(chunk) < SNIFF_SIZE:
                self._head += chunk
                chunk = memoryview(self._head)
            if len(chunk) < SNIFF_SIZE:
                return
            await self._sniff(bytes(chunk[:SNIFF_SIZE]))
        if not self.rejections:
            await self._store(chunk)

    async def complete(self) -> None:
        """Take note that the file ends here; after this it is accepted unless it has rejections."""
        await self._reject(reject_size(self.size, self._limits) if self.size == 0 else None)
        if not self._sniffed and self.size:
            await self._sniff(self._head)
            if not self.rejections:
                await self._store(memoryview(self._head))

    async def put(self) -> StoredFile:
        """Finish storing an accepted file. Raises what OriginalUpload.finish raises."""
        assert self._upload is not None
        assert self._format is not None
        stored = await self._upload.finish()
        return StoredFile(
            task_id=self._task_id,
            nonce=self._nonce,
            file_name=self.file_name,
            content_type=self._format.content_type,
            size=stored.size,
            sha256=stored.sha256,
            position=self.position,
        )

    async def abort(self) -> None:
        """Drop what has arrived; safe at any time."""
        if self._upload is not None:
            await self._upload.abort()

    @property
    def leftover(self) -> ObjectRef | None:
        """What may lie in storage, whether or not `put` said so: an answer can get lost."""
        if self._upload is not None and self._upload.may_be_stored:
            return self._task_id, self._nonce
        return None

    async def _sniff(self, head: bytes) -> None:
        self._sniffed = True
        self._format = sniff_format(head)
        # Without a known extension there is nothing that the content could contradict.
        if format_of_name(self.file_name) is not None:
            await self._reject(reject_content(self.file_name, self._format))

    async def _reject(self, rejection: Rejection | None) -> None:
        if rejection is not None:
            self.rejections.append(rejection)
            await self.abort()

    async def _store(self, chunk: memoryview) -> None:
        if self._upload is None:
            key = original_key(self._task_id, self._nonce)
            try:
                async with asyncio.timeout(_ROOM_SECONDS):
                    self._upload = await self._originals.begin(
                        key, self._limits.max_file_size, self._visitor
                    )
            except TimeoutError:
                raise RequestError(
                    ErrorCode.STORAGE_UNAVAILABLE,
                    "Too many uploads are waiting for the storage; try again soon.",
                ) from None
        await self._upload.write(chunk)
