"""Takes batches in with their bytes, through the code that takes uploads in over HTTP."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any

import structlog

from ingest_service.batch_claims import (
    BatchClaim,
    RejectedFileClaim,
    StoredFileClaim,
    check_names,
)
from ingest_service.discard_objects import ObjectDiscarder
from ingest_service.register_batch import BatchRegistrar
from ingest_service.upload_stream import BatchHeader, StreamMessage, UploadStream
from photo_domain.errors import ErrorCode, FieldViolation, RequestError
from photo_domain.limits import UPLOAD_LIMITS
from photo_objects.original_writer import OriginalWriter
from photo_uploads.incoming_file import ObjectRef, StoredFile
from photo_uploads.receive_upload import (
    Receipt,
    RegisteredTask,
    Registration,
    RejectedFile,
    UploadReceiver,
)
from photo_uploads.upload_metrics import counted_upload
from photo_uploads.upload_pace import PACE_RULE, PaceRule, UploadPace
from photo_uploads.upload_places import UploadPlaces

# How long cleaning up may take at shutdown; the sweeper finds what is left then.
_DRAIN_SECONDS = 15.0

_log = structlog.get_logger(__name__)


class BatchUploads:
    """Takes streamed uploads in for as long as the process lives."""

    def __init__(
        self,
        originals: OriginalWriter,
        places: UploadPlaces,
        registrar: BatchRegistrar,
        discarder: ObjectDiscarder,
        pace_rule: PaceRule = PACE_RULE,
    ) -> None:
        self._originals = originals
        self._places = places
        self._registrar = registrar
        self._discarder = discarder
        self._pace_rule = pace_rule
        self._under_way: set[asyncio.Task[Any]] = set()

    async def upload(self, messages: AsyncIterator[StreamMessage], request_id: str) -> Receipt:
        """Store and register what `messages` bring, or find what the key registered before.

        Raises RequestError: invalid_argument, over_capacity, body_too_slow, body_too_large, and
        what UploadReceiver and BatchRegistrar raise. Where it is cancelled before its rows are
        being written it leaves nothing behind.
        """
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            with counted_upload():
                return await self._receive(messages, request_id)
        finally:
            self._under_way.discard(task)

    async def drain(self) -> None:
        """Wait until the uploads whose calls were ended have cleaned up, at most 15 s."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_DRAIN_SECONDS)

    async def _receive(self, messages: AsyncIterator[StreamMessage], request_id: str) -> Receipt:
        stream = UploadStream(messages, UploadPace(self._pace_rule), UPLOAD_LIMITS)
        # Until it says whose it is, a stream may be silent or bring half a message: it has its
        # place for that, too.
        with self._places.taken_by():
            header = _checked(await stream.header())
        registry = _Registry(self._registrar, self._discarder, request_id)
        receiver = UploadReceiver(self._originals, registry, UPLOAD_LIMITS)
        with self._places.taken_by(header.owner):
            return await receiver.receive(
                header.owner, header.idempotency_key, stream.files(), header.owner
            )


class _Registry:
    """Registers what was stored here, as RegisterBatch registers what was stored elsewhere."""

    def __init__(
        self, registrar: BatchRegistrar, discarder: ObjectDiscarder, request_id: str
    ) -> None:
        self._registrar = registrar
        self._discarder = discarder
        self._request_id = request_id

    async def register(
        self,
        owner: str,
        idempotency_key: str,
        files: Sequence[StoredFile],
        rejected: Sequence[RejectedFile],
    ) -> Registration:
        claim = _claim(owner, idempotency_key, files, rejected)
        registered = await self._registrar.register(claim, self._request_id)
        return Registration(
            batch_id=str(registered.batch_id),
            created_at=registered.created_at,
            tasks=tuple(
                RegisteredTask(str(photo.task_id), photo.photo_id, photo.position)
                for photo in registered.photos
            ),
        )

    async def discard(self, originals: Sequence[ObjectRef]) -> None:
        try:
            await self._discarder.discard([(str(task_id), nonce) for task_id, nonce in originals])
        except RequestError as error:
            # The sweeper finds them.
            _log.warning("discard_failed", originals=len(originals), code=error.code)
        except Exception as error:  # noqa: BLE001 - the refusal that led here is what counts
            _log.error("discard_failed", originals=len(originals), exc_info=error)


def _checked(header: BatchHeader) -> BatchHeader:
    """The header with a key. Raises RequestError (invalid_argument)."""
    named = BatchHeader(header.owner, header.idempotency_key or str(uuid.uuid4()))
    if violations := check_names(named.owner, named.idempotency_key):
        raise RequestError(
            ErrorCode.INVALID_ARGUMENT,
            "The upload breaks rules of the contract.",
            [
                FieldViolation(f"messages[0].batch.{each.field}", each.description)
                for each in violations
            ],
        )
    return named


def _claim(
    owner: str,
    idempotency_key: str,
    files: Sequence[StoredFile],
    rejected: Sequence[RejectedFile],
) -> BatchClaim:
    return BatchClaim(
        owner=owner,
        idempotency_key=idempotency_key,
        files=[
            StoredFileClaim(
                task_id=str(file.task_id),
                nonce=file.nonce,
                file_name=file.file_name,
                content_type=file.content_type,
                size=file.size,
                sha256=file.sha256,
                position=file.position,
            )
            for file in files
        ],
        rejected=[
            RejectedFileClaim(
                file_name=file.file_name,
                errors=tuple((each.code, each.detail) for each in file.rejections),
                position=file.position,
            )
            for file in rejected
        ],
    )
