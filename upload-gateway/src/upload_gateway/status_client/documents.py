"""Messages of the status service as documents of the API."""

from base64 import b64encode
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from photo.status.v1 import status_service_pb2 as pb
from photo_domain.task_state import TaskStage, TaskStatus
from upload_gateway.task_document import (
    CameraDocument,
    TaskChange,
    TaskDict,
    TaskState,
    rendition_url,
    status_url,
)

_STATUS = {pb.TaskStatus.Value(f"TASK_STATUS_{status.name}"): status for status in TaskStatus}
_STATUS_VALUE: dict[TaskStatus, Any] = {status: value for value, status in _STATUS.items()}
_STAGE = {pb.TaskStage.Value(f"TASK_STAGE_{stage.name}"): stage for stage in TaskStage}


def status_value(status: TaskStatus | None) -> Any:
    """The contract's value for `status`, unspecified for None."""
    return _STATUS_VALUE[status] if status else pb.TASK_STATUS_UNSPECIFIED


def task_state(task: pb.Task) -> TaskState:
    """The document of a task with its revision."""
    return TaskState(task_dict(task), task.revision)


def task_change(message: pb.WatchTasksResponse) -> TaskChange:
    """The change that `message` tells of; a sign of life has a cursor only."""
    if not message.HasField("task"):
        return TaskChange(None, message.cursor)
    if message.deleted:
        gone = {"task_id": message.task.task_id, "batch_id": message.task.batch_id}
        return TaskChange(TaskState(gone, message.task.revision), message.cursor, deleted=True)
    return TaskChange(task_state(message.task), message.cursor)


def batch_dict(batch: pb.GetBatchResponse) -> dict[str, Any]:
    """The document of a batch."""
    tasks = [task_dict(task) for task in batch.tasks]
    return {
        "batch_id": batch.batch_id,
        "created_at": _time_text(batch.create_time),
        "totals": {
            status.value: sum(task["status"] is status for task in tasks) for status in TaskStatus
        },
        "tasks": tasks,
        "rejected": [
            {
                "file_name": rejected.file_name,
                "errors": [
                    {"code": error.code, "detail": error.message} for error in rejected.errors
                ],
            }
            for rejected in batch.rejected
        ],
    }


def task_dict(task: pb.Task) -> TaskDict:
    """The document of a task."""
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
