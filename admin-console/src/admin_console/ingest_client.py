"""The ingest service as the console uses it: every change that an operator asks for."""

from collections.abc import Awaitable

import grpc
import structlog

from photo.ingest.v1 import ingest_service_pb2 as pb
from photo.ingest.v1 import ingest_service_pb2_grpc as pb_grpc
from photo_domain.errors import ErrorCode, RequestError
from photo_records.task_queue import Lane
from service_kit.request_id import rpc_metadata
from service_kit.rpc_errors import request_error_of

# Above what the service waits for a connection, the change and the storage, one after the other.
CHANGE_SECONDS = 18.0

_log = structlog.get_logger(__name__)


class IngestClient:
    """Changes tasks, photos and lanes in the name of an operator.

    Every method raises RequestError: what the service states, or outcome_unknown where it does not
    answer.
    """

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.IngestServiceStub(channel)

    async def retry_task(self, task_id: str, operator: str) -> None:
        """Begin a new run of a failed task. Refusals: unknown_task, task_not_failed."""
        request = pb.RetryTaskRequest(task_id=task_id, viewer=pb.Viewer(operator=operator))
        await _changed(
            self._stub.RetryTask(request, timeout=CHANGE_SECONDS, metadata=rpc_metadata())
        )

    async def cancel_task(self, task_id: str, operator: str) -> None:
        """End a PENDING task in FAILURE `cancelled`. Refusals: unknown_task, task_ended."""
        request = pb.CancelTaskRequest(task_id=task_id, viewer=pb.Viewer(operator=operator))
        await _changed(
            self._stub.CancelTask(request, timeout=CHANGE_SECONDS, metadata=rpc_metadata())
        )

    async def delete_photo(self, task_id: str, operator: str) -> None:
        """Delete a photo with its objects. Refusal: unknown_task."""
        request = pb.DeletePhotoRequest(task_id=task_id, viewer=pb.Viewer(operator=operator))
        await _changed(
            self._stub.DeletePhoto(request, timeout=CHANGE_SECONDS, metadata=rpc_metadata())
        )

    async def pause_lane(self, lane: Lane, operator: str) -> None:
        """Publish nothing of the lane until it is resumed."""
        request = pb.PauseLaneRequest(lane=lane, viewer=pb.Viewer(operator=operator))
        await _changed(
            self._stub.PauseLane(request, timeout=CHANGE_SECONDS, metadata=rpc_metadata())
        )

    async def resume_lane(self, lane: Lane, operator: str) -> None:
        """Publish what waits in the lane again."""
        request = pb.ResumeLaneRequest(lane=lane, viewer=pb.Viewer(operator=operator))
        await _changed(
            self._stub.ResumeLane(request, timeout=CHANGE_SECONDS, metadata=rpc_metadata())
        )


async def _changed(call: Awaitable[object]) -> None:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        stated = request_error_of(error)
        _log.warning("change_failed", code=error.code().name, stated=stated is not None)
        raise stated or RequestError(
            ErrorCode.OUTCOME_UNKNOWN,
            "The ingest service does not answer; look whether it was done before you try again.",
        ) from error
