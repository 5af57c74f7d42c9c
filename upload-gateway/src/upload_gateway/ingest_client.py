"""The ingest service as the gateway uses it."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import UTC

import grpc
import structlog

from photo.ingest.v1 import ingest_service_pb2 as pb
from photo.ingest.v1 import ingest_service_pb2_grpc as pb_grpc
from photo_domain.errors import ErrorCode, RequestError
from photo_uploads.incoming_file import ObjectRef, StoredFile
from photo_uploads.receive_upload import RegisteredTask, Registration, RejectedFile
from service_kit.request_id import rpc_metadata
from service_kit.rpc_errors import request_error_of

_ATTEMPT_SECONDS = 6.0
_TOTAL_SECONDS = 15.0
_PAUSE_SECONDS = 0.2
_DISCARD_SECONDS = 10.0
# Above what the service waits for a connection, the change and the storage, one after the other.
_CHANGE_SECONDS = 18.0

_TRY_AGAIN = {ErrorCode.OUTCOME_UNKNOWN, ErrorCode.DATABASE_UNAVAILABLE}

_log = structlog.get_logger(__name__)


class IngestClient:
    """Registers batches, discards what failed uploads stored, changes what owners ask for."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.IngestServiceStub(channel)

    async def register(
        self,
        owner: str,
        idempotency_key: str,
        files: Sequence[StoredFile],
        rejected: Sequence[RejectedFile],
    ) -> Registration:
        """Register a batch, repeating the call with the same key while its outcome is unknown.

        Raises RequestError: what the service states, or outcome_unknown after 15 s.
        """
        request = _register_request(owner, idempotency_key, files, rejected)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _TOTAL_SECONDS
        uncertain = False
        while True:
            try:
                response = await self._stub.RegisterBatch(
                    request, timeout=_ATTEMPT_SECONDS, metadata=rpc_metadata()
                )
            except grpc.aio.AioRpcError as error:
                stated = request_error_of(error)
                _log.warning("register_failed", code=error.code().name, stated=stated is not None)
                if stated is not None and stated.code not in _TRY_AGAIN:
                    if uncertain and stated.code is ErrorCode.QUOTA_EXCEEDED:
                        raise _given_up(stated, uncertain=True) from error
                    raise stated from error
                # Once one attempt may have been written, no refusal that depends on the moment
                # proves the contrary.
                uncertain = uncertain or stated is None or stated.code is ErrorCode.OUTCOME_UNKNOWN
                if loop.time() + _PAUSE_SECONDS + _ATTEMPT_SECONDS > deadline:
                    raise _given_up(stated, uncertain=uncertain) from error
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return Registration(
                    batch_id=response.batch_id,
                    created_at=response.create_time.ToDatetime(UTC),
                    tasks=tuple(
                        RegisteredTask(task.task_id, task.photo_id, task.position)
                        for task in response.tasks
                    ),
                )

    async def discard(self, originals: Sequence[ObjectRef]) -> None:
        """Delete originals that no batch will ever name; what fails is left to the sweeper."""
        refs = [pb.OriginalRef(task_id=str(task_id), nonce=nonce) for task_id, nonce in originals]
        try:
            await self._stub.DiscardObjects(
                pb.DiscardObjectsRequest(originals=refs),
                timeout=_DISCARD_SECONDS,
                metadata=rpc_metadata(),
            )
        except grpc.aio.AioRpcError as error:
            _log.warning("discard_failed", originals=len(originals), code=error.code().name)

    async def retry_task(self, task_id: str, owner: str) -> None:
        """Begin a new run of a failed task of `owner`.

        Raises RequestError: what the service states (unknown_task, task_not_failed, …), or
        outcome_unknown where it does not answer.
        """
        request = pb.RetryTaskRequest(task_id=task_id, viewer=pb.Viewer(owner=owner))
        await _changed(
            self._stub.RetryTask(request, timeout=_CHANGE_SECONDS, metadata=rpc_metadata())
        )

    async def delete_photo(self, task_id: str, owner: str) -> None:
        """Delete a photo of `owner`. Raises as `retry_task` does, but for task_not_failed."""
        request = pb.DeletePhotoRequest(task_id=task_id, viewer=pb.Viewer(owner=owner))
        await _changed(
            self._stub.DeletePhoto(request, timeout=_CHANGE_SECONDS, metadata=rpc_metadata())
        )


async def _changed(call: Awaitable[object]) -> None:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        stated = request_error_of(error)
        _log.warning("change_failed", code=error.code().name, stated=stated is not None)
        raise stated or RequestError(
            ErrorCode.OUTCOME_UNKNOWN,
            "The service does not answer; look whether it was done before you try again.",
        ) from error


def _given_up(stated: RequestError | None, *, uncertain: bool) -> RequestError:
    if stated is None or uncertain:
        return RequestError(
            ErrorCode.OUTCOME_UNKNOWN, "The upload could not be confirmed; try again soon."
        )
    return stated


def _register_request(
    owner: str,
    idempotency_key: str,
    files: Sequence[StoredFile],
    rejected: Sequence[RejectedFile],
) -> pb.RegisterBatchRequest:
    return pb.RegisterBatchRequest(
        idempotency_key=idempotency_key,
        owner=owner,
        files=[
            pb.StoredFile(
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
            pb.RejectedFile(
                file_name=file.file_name,
                errors=[
                    pb.RejectionReason(code=rejection.code, detail=rejection.detail)
                    for rejection in file.rejections
                ],
                position=file.position,
            )
            for file in rejected
        ],
    )
