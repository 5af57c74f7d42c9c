"""StatusService as gRPC: translates, decides nothing."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import asyncpg
import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from photo.status.v1 import status_service_pb2 as pb
from photo.status.v1 import status_service_pb2_grpc as pb_grpc
from photo_domain.errors import ErrorCode, FieldViolation, RequestError
from photo_domain.task_state import TaskStage, TaskStatus, stage_of
from photo_records.task_reads import StoredBatch
from status_service.object_queries import ObjectQueries
from status_service.resume_points import cursor_text
from status_service.task_queries import TaskQueries
from status_service.task_watch import WatchEvent
from status_service.task_watching import TaskWatching, WatchRequest
from status_service.viewer_rule import Viewer, check_viewer

SERVICE = pb.DESCRIPTOR.services_by_name["StatusService"].full_name

_Context = grpc.aio.ServicerContext[Any, Any]

_STATUS = {status: pb.TaskStatus.Value(f"TASK_STATUS_{status.name}") for status in TaskStatus}
_STATUS_ASKED = {value: status for status, value in _STATUS.items()}
_STAGE = {stage: pb.TaskStage.Value(f"TASK_STAGE_{stage.name}") for stage in TaskStage}
# A row may know more: its worker may be newer.
_CAMERA_FIELDS = tuple(pb.Camera.DESCRIPTOR.fields_by_name)


class StatusServicer(pb_grpc.StatusServiceServicer):
    """photo.status.v1.StatusService."""

    def __init__(self, tasks: TaskQueries, watching: TaskWatching, objects: ObjectQueries) -> None:
        self._tasks = tasks
        self._watching = watching
        self._objects = objects

    def add_to(self, server: grpc.aio.Server) -> None:
        """Answer the calls of the service at `server`."""
        pb_grpc.add_StatusServiceServicer_to_server(self, server)

    async def GetTask(  # noqa: N802 - the contract's name
        self, request: pb.GetTaskRequest, _context: _Context
    ) -> pb.GetTaskResponse:
        """One task."""
        row = await self._tasks.get(request.task_id, _viewer(request.viewer))
        return pb.GetTaskResponse(task=_task(row))

    async def BatchGetTasks(  # noqa: N802 - the contract's name
        self, request: pb.BatchGetTasksRequest, _context: _Context
    ) -> pb.BatchGetTasksResponse:
        """Up to 100 tasks."""
        rows, unknown = await self._tasks.get_many(request.task_ids, _viewer(request.viewer))
        return pb.BatchGetTasksResponse(tasks=map(_task, rows), unknown_task_ids=unknown)

    async def ListTasks(  # noqa: N802 - the contract's name
        self, request: pb.ListTasksRequest, _context: _Context
    ) -> pb.ListTasksResponse:
        """A page of the viewer's tasks."""
        page = await self._tasks.list_page(
            _viewer(request.viewer),
            _status_asked(request.status),
            request.page_size,
            request.page_token,
        )
        return pb.ListTasksResponse(
            tasks=map(_task, page.rows), next_page_token=page.next_page_token
        )

    async def GetBatch(  # noqa: N802 - the contract's name
        self, request: pb.GetBatchRequest, _context: _Context
    ) -> pb.GetBatchResponse:
        """A batch with its tasks and what was refused of it."""
        batch, rows = await self._tasks.batch(request.batch_id, _viewer(request.viewer))
        return pb.GetBatchResponse(
            batch_id=str(batch.batch_id),
            create_time=_timestamp(batch.created_at),
            tasks=map(_task, rows),
            rejected=_rejected(batch),
        )

    async def WatchTasks(  # noqa: N802 - the contract's name
        self, request: pb.WatchTasksRequest, _context: _Context
    ) -> AsyncIterator[pb.WatchTasksResponse]:
        """How the watched tasks stand, then each change of them."""
        scope = request.WhichOneof("scope")
        events = self._watching.watch(
            WatchRequest(
                viewer=_viewer(request.viewer),
                batch_id=request.batch_id if scope == "batch_id" else None,
                task_id=request.task_id if scope == "task_id" else None,
                cursor=request.cursor,
            )
        )
        async for event in events:
            yield _watch_response(event)

    async def GetObject(  # noqa: N802 - the contract's name
        self, request: pb.GetObjectRequest, _context: _Context
    ) -> AsyncIterator[pb.GetObjectResponse]:
        """The bytes of a rendition or of the original."""
        match request.WhichOneof("object"):
            case "rendition":
                stored, opened = await self._objects.open_rendition(
                    request.task_id, request.rendition, _viewer(request.viewer)
                )
            case "original":
                stored, opened = await self._objects.open_original(
                    request.task_id, _viewer(request.viewer)
                )
            case None:
                violation = FieldViolation("object", "must be a rendition or the original")
                raise RequestError(ErrorCode.INVALID_ARGUMENT, "Name an object.", [violation])
        yield pb.GetObjectResponse(
            info=pb.ObjectInfo(
                content_type=stored.content_type, size=opened.size, file_name=stored.file_name
            )
        )
        async for chunk in opened.chunks:
            yield pb.GetObjectResponse(chunk=chunk)


def _viewer(viewer: pb.Viewer) -> Viewer:
    return check_viewer(viewer.owner, viewer.operator)


def _watch_response(event: WatchEvent) -> pb.WatchTasksResponse:
    cursor = cursor_text(event.cursor)
    if event.deleted:
        gone = pb.Task(task_id=str(event.deleted.task_id), batch_id=str(event.deleted.batch_id))
        return pb.WatchTasksResponse(task=gone, cursor=cursor, deleted=True)
    task = _task(event.row) if event.row is not None else None
    return pb.WatchTasksResponse(task=task, cursor=cursor)


def _status_asked(value: pb.TaskStatus.ValueType) -> TaskStatus | None:
    if value == pb.TASK_STATUS_UNSPECIFIED:
        return None
    if value not in _STATUS_ASKED:
        violation = FieldViolation("status", "must be a status of the contract")
        raise RequestError(ErrorCode.INVALID_ARGUMENT, "There is no such status.", [violation])
    return _STATUS_ASKED[value]


def _rejected(batch: StoredBatch) -> list[pb.RejectedFile]:
    files = sorted(json.loads(batch.rejected), key=lambda file: file["position"])
    return [
        pb.RejectedFile(
            file_name=file["file_name"],
            errors=[
                pb.TaskError(code=error["code"], message=error["detail"])
                for error in file["errors"]
            ],
        )
        for file in files
    ]


def _task(row: asyncpg.Record) -> pb.Task:
    status = TaskStatus(row["status"])
    stage = stage_of(
        status,
        leased=row["lease_expires_at"] is not None,
        postponed=row["next_attempt_at"] is not None,
    )
    return pb.Task(
        task_id=str(row["task_id"]),
        batch_id=str(row["batch_id"]),
        photo_id=row["id"],
        file_name=row["file_name"],
        content_type=row["content_type"],
        size=row["size"],
        status=_STATUS[status],
        stage=_STAGE[stage],
        attempts=row["attempts"],
        revision=row["revision"],
        create_time=_timestamp(row["created_at"]),
        start_time=_timestamp(row["started_at"]),
        finish_time=_timestamp(row["finished_at"]),
        result=_result(row) if status is TaskStatus.SUCCESS else None,
        error=pb.TaskError(code=row["error_code"], message=row["error_message"])
        if status is TaskStatus.FAILURE
        else None,
    )


def _result(row: asyncpg.Record) -> pb.TaskResult:
    return pb.TaskResult(
        random_number=row["random_number"],
        processing_time=row["processing_time"],
        format=row["format"],
        width=row["width"],
        height=row["height"],
        renditions=[
            pb.Rendition(
                name=name, width=width, height=height, content_type=content_type, size=size
            )
            for name, width, height, content_type, size in json.loads(row["renditions"] or "[]")
        ],
        pages=row["pages"],
        orientation=row["orientation"],
        taken_at=row["taken_at"],
        camera=_camera(row["camera"]),
        dominant_color=row["dominant_color"],
        thumbhash=row["thumbhash"],
        phash=row["phash"],
        step_seconds=json.loads(row["step_seconds"] or "{}"),
    )


def _camera(text: str | None) -> pb.Camera | None:
    if text is None:
        return None
    known = json.loads(text)
    return pb.Camera(**{name: known.get(name) for name in _CAMERA_FIELDS})


def _timestamp(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp
