"""Receives an upload: every file is checked and stored while it arrives, then all are registered.

Rows are born only after every byte is stored. Whatever goes wrong before that leaves nothing:
what was stored is discarded. After a registration of unknown outcome nothing is discarded, since
the batch may exist; the sweeper takes what turns out to belong to no photo.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from photo_domain.errors import ErrorCode, FieldViolation, RequestError
from photo_domain.limits import UploadLimits
from photo_domain.rejection import Rejection
from photo_objects.errors import StorageUnavailableError
from photo_objects.original_writer import OriginalWriter
from photo_uploads.incoming_file import IncomingFile, ObjectRef, StoredFile
from photo_uploads.undisturbed import undisturbed
from photo_uploads.upload_metrics import count_accepted, count_rejected
from photo_uploads.upload_parts import FileChunk, FileEnd, FilePart, UploadPart

# Object stores answer slowly: while one file is put, the next may arrive.
_PUTS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class RejectedFile:
    """A file that was refused; a name that is too long is cut."""

    file_name: str
    rejections: tuple[Rejection, ...]
    position: int


@dataclass(frozen=True, slots=True)
class RegisteredTask:
    """The task of the file at `position` in the upload."""

    task_id: str
    photo_id: int
    position: int


@dataclass(frozen=True, slots=True)
class Registration:
    """What the ingest service answered, in the order of the files.

    The tasks are those of the first upload with the same key, which may not be this one; without
    those whose photo was deleted since.
    """

    batch_id: str
    created_at: datetime
    tasks: tuple[RegisteredTask, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """An upload that was accepted, in part or whole: its files with their tasks."""

    batch_id: str
    created_at: datetime
    accepted: tuple[tuple[StoredFile, RegisteredTask], ...]
    rejected: tuple[RejectedFile, ...]


class UploadRefusedError(RequestError):
    """An upload of which nothing is accepted; the violations name its files by their position."""

    def __init__(self, code: ErrorCode, detail: str, rejected: Sequence[RejectedFile] = ()) -> None:
        super().__init__(
            code,
            detail,
            [
                FieldViolation(f"files[{file.position}]", f"{rejection.code}: {rejection.detail}")
                for file in rejected
                for rejection in file.rejections
            ],
        )
        self.rejected = tuple(rejected)


class Registry(Protocol):
    """Where uploads are registered."""

    async def register(
        self,
        owner: str,
        idempotency_key: str,
        files: Sequence[StoredFile],
        rejected: Sequence[RejectedFile],
    ) -> Registration:
        """Register a batch. Raises RequestError; outcome_unknown where it may exist after all."""

    async def discard(self, originals: Sequence[ObjectRef]) -> None:
        """Delete originals that no batch will ever name. Never raises."""


class UploadReceiver:
    """Takes uploads in for as long as the process lives."""

    def __init__(self, originals: OriginalWriter, registry: Registry, limits: UploadLimits) -> None:
        self._originals = originals
        self._registry = registry
        self._limits = limits

    async def receive(
        self,
        owner: str,
        idempotency_key: str,
        parts: AsyncIterator[UploadPart],
        visitor: str,
    ) -> Receipt:
        """Store and register what `parts` bring, or find what the key registered before.

        `visitor` is whose share of the memory is used: not the owner's where owners are free to
        make. A cancellation before the rows are being written leaves nothing behind.
        Raises UploadRefusedError (no_files, no_valid_files, too_many_files), RequestError
        (storage_unavailable and what the registry raises), and what `parts` raises.
        """
        upload = _Upload(self._originals, self._limits, visitor)
        try:
            await upload.take(parts)
            stored = await upload.finish_puts()
            count_rejected([file.rejections for file in upload.rejected])
            if not stored:
                raise _nothing_accepted(upload.rejected)
        except BaseException:
            await undisturbed(self._clean_up(upload))
            raise
        try:
            registration = await undisturbed(
                self._registry.register(owner, idempotency_key, stored, upload.rejected)
            )
        except RequestError as error:
            if error.code is not ErrorCode.OUTCOME_UNKNOWN:
                await undisturbed(self._clean_up(upload))
            raise
        if {str(file.task_id) for file in stored} != {task.task_id for task in registration.tasks}:
            # The key has a batch already, of the same files: these copies belong to nobody.
            await undisturbed(self._clean_up(upload))
        else:
            count_accepted([file.size for file in stored])
        file_at = {file.position: file for file in stored}
        return Receipt(
            registration.batch_id,
            registration.created_at,
            tuple((file_at[task.position], task) for task in registration.tasks),
            tuple(upload.rejected),
        )

    async def _clean_up(self, upload: "_Upload") -> None:
        if leftovers := await upload.abandon():
            await self._registry.discard(leftovers)


class _Upload:
    """The files of one request and the puts that are under way."""

    def __init__(self, originals: OriginalWriter, limits: UploadLimits, visitor: str) -> None:
        self.rejected: list[RejectedFile] = []
        self._originals = originals
        self._limits = limits
        self._visitor = visitor
        self._file_count = 0
        self._current: IncomingFile | None = None
        self._puts: list[asyncio.Task[StoredFile]] = []
        self._put_files: list[IncomingFile] = []
        self._room = asyncio.Semaphore(_PUTS_AT_ONCE)
        self._put_failed = False

    async def take(self, parts: AsyncIterator[UploadPart]) -> None:
        async for part in parts:
            match part:
                case FileChunk(data):
                    await self._write(data)
                case FilePart(file_name):
                    self._begin(file_name)
                case FileEnd():
                    await self._end()

    async def finish_puts(self) -> list[StoredFile]:
        if self._puts:
            await asyncio.wait(self._puts)
        try:
            return [put.result() for put in self._puts]
        except StorageUnavailableError as error:
            raise _storage_unavailable() from error

    async def abandon(self) -> list[ObjectRef]:
        """Stop, and answer what may lie in storage all the same. Every put under way has an end."""
        if self._current is not None:
            await self._current.abort()
        await asyncio.gather(*self._puts, return_exceptions=True)
        return [file.leftover for file in self._put_files if file.leftover]

    def _begin(self, file_name: str) -> None:
        if self._file_count == self._limits.max_files:
            raise UploadRefusedError(
                ErrorCode.TOO_MANY_FILES,
                f"An upload holds at most {self._limits.max_files} files.",
            )
        if self._put_failed:
            raise _storage_unavailable()
        self._current = IncomingFile(
            file_name, self._file_count, self._originals, self._limits, self._visitor
        )
        self._file_count += 1

    async def _write(self, data: memoryview) -> None:
        assert self._current is not None
        try:
            await self._current.write(data)
        except StorageUnavailableError as error:
            raise _storage_unavailable() from error

    async def _end(self) -> None:
        file = self._current
        assert file is not None
        await file.complete()
        if file.rejections:
            name = file.file_name[: self._limits.max_file_name_characters]
            self.rejected.append(RejectedFile(name, tuple(file.rejections), file.position))
            self._current = None
            return
        await self._room.acquire()
        self._puts.append(asyncio.create_task(self._put(file)))
        self._put_files.append(file)
        self._current = None

    async def _put(self, file: IncomingFile) -> StoredFile:
        try:
            return await file.put()
        except StorageUnavailableError:
            self._put_failed = True
            raise
        finally:
            self._room.release()


def _nothing_accepted(rejected: Sequence[RejectedFile]) -> UploadRefusedError:
    if rejected:
        return UploadRefusedError(
            ErrorCode.NO_VALID_FILES, "No file of the upload is valid.", rejected
        )
    return UploadRefusedError(ErrorCode.NO_FILES, "The upload has no file.")


def _storage_unavailable() -> RequestError:
    return RequestError(
        ErrorCode.STORAGE_UNAVAILABLE, "The storage does not take files now; try again soon."
    )
