"""The status service as the gateway uses it."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import structlog
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from photo.status.v1 import status_service_pb2 as pb
from photo.status.v1 import status_service_pb2_grpc as pb_grpc
from photo_domain.task_state import TaskStage, TaskStatus
from service_kit.rpc_errors import request_error_of
from upload_gateway.problems import unavailable
from upload_gateway.request_id import rpc_metadata
from upload_gateway.task_document import CameraDocument, TaskDict, rendition_url, status_url

_QUERY_SECONDS = 5.0
# A rendition is small, but its reader may be slow: the whole has this time, each part the other.
_OBJECT_SECONDS = 300.0
_PART_SECONDS = 5.0

_STATUS = {pb.TaskStatus.Value(f"TASK_STATUS_{status.name}"): status for status in TaskStatus}
_STAGE = {pb.TaskStage.Value(f"TASK_STAGE_{stage.name}"): stage for stage in TaskStage}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ReadObject:
    """An object on its way; `size` in bytes."""

    content_type: str
    size: int
    file_name: str
    chunks: AsyncIterator[bytes]


class StatusClient:
    """Asks for tasks and renditions on behalf of a viewer."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.StatusServiceStub(channel)

    async def get_task(self, task_id: str, viewer: str) -> TaskDict:
        """One task. Raises RequestError (unknown_task, …) or Problem (503)."""
        request = pb.GetTaskRequest(task_id=task_id, viewer=pb.Viewer(owner=viewer))
        try:
            response = await self._stub.GetTask(
                request, timeout=_QUERY_SECONDS, metadata=rpc_metadata()
            )
        except grpc.aio.AioRpcError as error:
            raise _explained(error) from error
        return _task_dict(response.task)

    async def get_tasks(self, task_ids: Sequence[str], viewer: str) -> dict[str, TaskDict]:
        """The tasks that exist, by id. Raises RequestError or Problem (503)."""
        request = pb.BatchGetTasksRequest(task_ids=task_ids, viewer=pb.Viewer(owner=viewer))
        try:
            response = await self._stub.BatchGetTasks(
                request, timeout=_QUERY_SECONDS, metadata=rpc_metadata()
            )
        except grpc.aio.AioRpcError as error:
            raise _explained(error) from error
        return {task.task_id: _task_dict(task) for task in response.tasks}

    async def open_rendition(self, task_id: str, name: str, viewer: str) -> ReadObject:
        """A rendition. Raises RequestError (unknown_task, unknown_object, …) or Problem (503)."""
        request = pb.GetObjectRequest(
            task_id=task_id, viewer=pb.Viewer(owner=viewer), rendition=name
        )
        return await self._open(request)

    async def open_original(self, task_id: str, viewer: str) -> ReadObject:
        """The original, for its owner. Raises as `open_rendition` does."""
        request = pb.GetObjectRequest(
            task_id=task_id, viewer=pb.Viewer(owner=viewer), original=pb.Original()
        )
        return await self._open(request)

    async def _open(self, request: pb.GetObjectRequest) -> ReadObject:
        call = self._stub.GetObject(request, timeout=_OBJECT_SECONDS, metadata=rpc_metadata())
        try:
            first = await _next_part(call)
        except grpc.aio.AioRpcError as error:
            raise _explained(error) from error
        except TimeoutError as error:
            raise _unanswered("late") from error
        if not isinstance(first, pb.GetObjectResponse):
            raise unavailable("service_unavailable", "The status service answered nothing.")
        info = first.info

        async def chunks() -> AsyncIterator[bytes]:
            try:
                # A call that was read by hand once must be read so to its end.
                while isinstance(message := await _next_part(call), pb.GetObjectResponse):
                    yield message.chunk
            finally:
                # Leaving the loop early does not end the call by itself.
                call.cancel()

        return ReadObject(info.content_type, info.size, info.file_name, chunks())


async def _next_part(call: "grpc.aio.UnaryStreamCall[Any, Any]") -> Any:
    """The next message of a stream; TimeoutError where the service stands still."""
    try:
        async with asyncio.timeout(_PART_SECONDS):
            return await call.read()
    except TimeoutError:
        call.cancel()
        raise


def _explained(error: grpc.aio.AioRpcError) -> Exception:
    return request_error_of(error) or _unanswered(error.code().name)


def _unanswered(why: str) -> Exception:
    _log.warning("status_call_failed", code=why)
    return unavailable("service_unavailable", "The status service does not answer; try again soon.")


def _task_dict(task: pb.Task) -> TaskDict:
    document: TaskDict = {
        "task_id": task.task_id,
        "batch_id": task.batch_id,
        "photo_id": task.photo_id,
        "file_name": task.file_name,
        "content_type": task.content_type,
        "size": task.size,
        "status": _STATUS[task.status],
        "stage": _STAGE[task.stage],
        "attempts": task.attempts,
        "created_at": _time_text(task.create_time),
        "started_at": _time_text(task.start_time) if task.HasField("start_time") else None,
        "finished_at": _time_text(task.finish_time) if task.HasField("finish_time") else None,
        "status_url": status_url(task.task_id),
        "result": None,
        "error": None,
    }
    if task.HasField("result"):
        document["result"] = _result_dict(task)
    if task.HasField("error"):
        document["error"] = {"code": task.error.code, "message": task.error.message}
    return document


def _result_dict(task: pb.Task) -> dict[str, object]:
    result = task.result
    return {
        "random_number": result.random_number,
        "processing_time": result.processing_time,
        "format": result.format,
        "width": result.width,
        "height": result.height,
        "pages": _known(result, "pages"),
        "orientation": _known(result, "orientation"),
        "taken_at": _known(result, "taken_at"),
        "camera": _camera_dict(result.camera) if result.HasField("camera") else None,
        "dominant_color": _known(result, "dominant_color"),
        "thumbhash": b64encode(result.thumbhash).decode() if result.thumbhash else None,
        "phash": _known(result, "phash"),
        # In one order: the map has none.
        "steps": dict(sorted(result.step_seconds.items())) or None,
        "renditions": [
            {
                "name": rendition.name,
                "width": rendition.width,
                "height": rendition.height,
                "content_type": rendition.content_type,
                "size": rendition.size,
                "url": rendition_url(task.task_id, rendition.name),
            }
            for rendition in result.renditions
        ],
    }


def _camera_dict(camera: pb.Camera) -> dict[str, object]:
    return {name: _known(camera, name) for name in CameraDocument.model_fields}


def _known(message: Message, field: str) -> object:
    return getattr(message, field) if message.HasField(field) else None


def _time_text(moment: Timestamp) -> str:
    return moment.ToJsonString()
