"""IngestService as gRPC: translates, decides nothing."""

from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from ingest_service.batch_claims import BatchClaim, RejectedFileClaim, StoredFileClaim
from ingest_service.discard_objects import ObjectDiscarder
from ingest_service.register_batch import BatchRegistrar
from photo.ingest.v1 import ingest_service_pb2 as pb
from photo.ingest.v1 import ingest_service_pb2_grpc as pb_grpc
from service_kit.rpc_edge import request_id_of

SERVICE = pb.DESCRIPTOR.services_by_name["IngestService"].full_name

_Context = grpc.aio.ServicerContext[Any, Any]


class IngestServicer(pb_grpc.IngestServiceServicer):
    """photo.ingest.v1.IngestService."""

    def __init__(self, registrar: BatchRegistrar, discarder: ObjectDiscarder) -> None:
        self._registrar = registrar
        self._discarder = discarder

    def add_to(self, server: grpc.aio.Server) -> None:
        """Answer the calls of the service at `server`."""
        pb_grpc.add_IngestServiceServicer_to_server(self, server)

    async def RegisterBatch(  # noqa: N802 - the contract's name
        self, request: pb.RegisterBatchRequest, context: _Context
    ) -> pb.RegisterBatchResponse:
        """Register a batch whose files are in storage."""
        registered = await self._registrar.register(_claim(request), request_id_of(context))
        create_time = Timestamp()
        create_time.FromDatetime(registered.created_at)
        return pb.RegisterBatchResponse(
            batch_id=str(registered.batch_id),
            create_time=create_time,
            tasks=[
                pb.RegisteredTask(task_id=str(task_id), photo_id=photo_id)
                for task_id, photo_id in registered.photos
            ],
        )

    async def DiscardObjects(  # noqa: N802 - the contract's name
        self, request: pb.DiscardObjectsRequest, _context: _Context
    ) -> pb.DiscardObjectsResponse:
        """Delete what a failed upload had stored."""
        refs = [(original.task_id, original.nonce) for original in request.originals]
        return pb.DiscardObjectsResponse(discarded_count=await self._discarder.discard(refs))


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
