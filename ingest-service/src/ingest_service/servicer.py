"""IngestService as gRPC: translates, decides nothing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from ingest_service.batch_claims import BatchClaim, RejectedFileClaim, StoredFileClaim
from ingest_service.cancel_task import TaskCanceller
from ingest_service.delete_photo import PhotoDeleter
from ingest_service.discard_objects import ObjectDiscarder
from ingest_service.pause_lane import LanePauser
from ingest_service.register_batch import BatchRegistrar
from ingest_service.retry_task import TaskRetrier
from ingest_service.upload_batch import BatchUploads
from ingest_service.upload_stream import BatchEnd, BatchHeader, StreamMessage, UnknownMessage
from ingest_service.viewer import Viewer, check_viewer
from photo.ingest.v1 import ingest_service_pb2 as pb
from photo.ingest.v1 import ingest_service_pb2_grpc as pb_grpc
from photo_uploads.upload_parts import FileChunk, FileEnd, FilePart
from service_kit.rpc_edge import request_id_of

SERVICE = pb.DESCRIPTOR.services_by_name["IngestService"].full_name

_Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True)
class IngestUseCases:
    """What the service can do."""

    registrar: BatchRegistrar
    uploads: BatchUploads
    discarder: ObjectDiscarder
    retrier: TaskRetrier
    canceller: TaskCanceller
    deleter: PhotoDeleter
    pauser: LanePauser


class IngestServicer(pb_grpc.IngestServiceServicer):
    """photo.ingest.v1.IngestService."""

    def __init__(self, use_cases: IngestUseCases) -> None:
        self._do = use_cases

    def add_to(self, server: grpc.aio.Server) -> None:
        """Answer the calls of the service at `server`."""
        pb_grpc.add_IngestServiceServicer_to_server(self, server)

    async def RegisterBatch(  # noqa: N802 - the contract's name
        self, request: pb.RegisterBatchRequest, context: _Context
    ) -> pb.RegisterBatchResponse:
        """Register a batch whose files are in storage."""
        registered = await self._do.registrar.register(_claim(request), request_id_of(context))
        return pb.RegisterBatchResponse(
            batch_id=str(registered.batch_id),
            create_time=_timestamp(registered.created_at),
            tasks=[
                pb.RegisteredTask(
                    task_id=str(photo.task_id), photo_id=photo.photo_id, position=photo.position
                )
                for photo in registered.photos
            ],
        )

    async def UploadBatch(  # noqa: N802 - the contract's name
        self, request_iterator: AsyncIterator[pb.UploadBatchRequest], context: _Context
    ) -> pb.UploadBatchResponse:
        """Take a batch in with its bytes."""
        receipt = await self._do.uploads.upload(_Messages(request_iterator), request_id_of(context))
        return pb.UploadBatchResponse(
            batch_id=receipt.batch_id,
            create_time=_timestamp(receipt.created_at),
            tasks=[
                pb.RegisteredTask(
                    task_id=task.task_id, photo_id=task.photo_id, position=task.position
                )
                for _, task in receipt.accepted
            ],
            rejected=[
                pb.RejectedFile(
                    file_name=file.file_name,
                    errors=[
                        pb.RejectionReason(code=each.code, detail=each.detail)
                        for each in file.rejections
                    ],
                    position=file.position,
                )
                for file in receipt.rejected
            ],
        )

    async def DiscardObjects(  # noqa: N802 - the contract's name
        self, request: pb.DiscardObjectsRequest, _context: _Context
    ) -> pb.DiscardObjectsResponse:
        """Delete what a failed upload had stored."""
        refs = [(original.task_id, original.nonce) for original in request.originals]
        return pb.DiscardObjectsResponse(discarded_count=await self._do.discarder.discard(refs))

    async def RetryTask(  # noqa: N802 - the contract's name
        self, request: pb.RetryTaskRequest, context: _Context
    ) -> pb.RetryTaskResponse:
        """Begin a new run of a failed task."""
        viewer = _viewer(request.viewer)
        await self._do.retrier.retry(request.task_id, viewer, request_id_of(context))
        return pb.RetryTaskResponse()

    async def CancelTask(  # noqa: N802 - the contract's name
        self, request: pb.CancelTaskRequest, _context: _Context
    ) -> pb.CancelTaskResponse:
        """End a task that has not ended."""
        await self._do.canceller.cancel(request.task_id, _viewer(request.viewer))
        return pb.CancelTaskResponse()

    async def DeletePhoto(  # noqa: N802 - the contract's name
        self, request: pb.DeletePhotoRequest, _context: _Context
    ) -> pb.DeletePhotoResponse:
        """Delete a photo."""
        await self._do.deleter.delete(request.task_id, _viewer(request.viewer))
        return pb.DeletePhotoResponse()

    async def PauseLane(  # noqa: N802 - the contract's name
        self, request: pb.PauseLaneRequest, _context: _Context
    ) -> pb.PauseLaneResponse:
        """Pause a lane."""
        await self._do.pauser.pause(request.lane, _viewer(request.viewer))
        return pb.PauseLaneResponse()

    async def ResumeLane(  # noqa: N802 - the contract's name
        self, request: pb.ResumeLaneRequest, _context: _Context
    ) -> pb.ResumeLaneResponse:
        """Resume a lane."""
        await self._do.pauser.resume(request.lane, _viewer(request.viewer))
        return pb.ResumeLaneResponse()


def _viewer(viewer: pb.Viewer) -> Viewer:
    return check_viewer(viewer.owner, viewer.operator)


def _timestamp(moment: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp


class _Messages:
    """What the requests of a stream say. None is kept while the next is waited for."""

    def __init__(self, requests: AsyncIterator[pb.UploadBatchRequest]) -> None:
        self._requests = requests

    def __aiter__(self) -> AsyncIterator[StreamMessage]:
        return self

    async def __anext__(self) -> StreamMessage:
        return _message(await anext(self._requests))


def _message(request: pb.UploadBatchRequest) -> StreamMessage:
    match request.WhichOneof("part"):
        case "batch":
            return BatchHeader(request.batch.owner, request.batch.idempotency_key)
        case "file":
            return FilePart(request.file.file_name)
        case "chunk":
            return FileChunk(memoryview(request.chunk))
        case "file_end":
            return FileEnd()
        case "batch_end":
            return BatchEnd(request.batch_end.file_count)
        case _:
            return UnknownMessage()


def _claim(request: pb.RegisterBatchRequest) -> BatchClaim:
    return BatchClaim(
        owner=request.owner,
        idempotency_key=request.idempotency_key,
        files=[
            StoredFileClaim(
                task_id=file.task_id,
                nonce=file.nonce,
                file_name=file.file_name,
                content_type=file.content_type,
                size=file.size,
                sha256=file.sha256,
                position=file.position,
            )
            for file in request.files
        ],
        rejected=[
            RejectedFileClaim(
                file_name=rejected.file_name,
                errors=tuple((error.code, error.detail) for error in rejected.errors),
                position=rejected.position,
            )
            for rejected in request.rejected
        ],
    )
