"""Asks the status service for tasks, batches and the bytes of photos."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

import grpc

from photo.status.v1 import status_service_pb2 as pb
from photo.status.v1 import status_service_pb2_grpc as pb_grpc
from photo_domain.errors import ErrorCode, RequestError
from photo_domain.task_state import TaskStatus
from service_kit.request_id import rpc_metadata
from service_kit.rpc_errors import request_error_of
from upload_gateway.problems import Problem, unavailable
from upload_gateway.status_client.documents import (
    batch_dict,
    status_value,
    task_dict,
    task_state,
)
from upload_gateway.status_client.task_watch import TaskWatch
from upload_gateway.status_client.unanswered import unanswered
from upload_gateway.task_document import TaskDict, TaskState

_QUERY_SECONDS = 5.0
# A rendition is small, but its reader may be slow: the whole has this time, each part the other.
_OBJECT_SECONDS = 300.0
_PART_SECONDS = 5.0

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class ReadObject:
    """An object on its way; `size` in bytes."""

    content_type: str
    size: int
    file_name: str
    chunks: AsyncIterator[bytes]


class StatusClient:
    """Asks on behalf of a viewer. What is not told otherwise raises RequestError or Problem (503).

    `watch` follows tasks as they change.
    """

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.StatusServiceStub(channel)
        self.watch = TaskWatch(self._stub)

    async def get_task(self, task_id: str, viewer: str) -> TaskDict:
        """One task. RequestError: unknown_task."""
        return (await self.get_task_state(task_id, viewer)).document

    async def get_task_state(self, task_id: str, viewer: str) -> TaskState:
        """One task with its revision. RequestError: unknown_task."""
        request = pb.GetTaskRequest(task_id=task_id, viewer=pb.Viewer(owner=viewer))
        response = await _answered(self._stub.GetTask(request, **_options()))
        return task_state(response.task)

    async def get_tasks(self, task_ids: Sequence[str], viewer: str) -> dict[str, TaskDict]:
        """The tasks that exist, by id."""
        request = pb.BatchGetTasksRequest(task_ids=task_ids, viewer=pb.Viewer(owner=viewer))
        response = await _answered(self._stub.BatchGetTasks(request, **_options()))
        return {task.task_id: task_dict(task) for task in response.tasks}

    async def list_tasks(
        self, viewer: str, status: TaskStatus | None, cursor: str, limit: int
    ) -> tuple[list[TaskDict], str]:
        """A page of the viewer's own tasks, newest first, and the cursor of the next one or "".

        Raises Problem (404 unknown_cursor) for a cursor that is none.
        """
        request = pb.ListTasksRequest(
            viewer=pb.Viewer(owner=viewer),
            status=status_value(status),
            page_size=limit,
            page_token=cursor,
        )
        try:
            response = await _answered(self._stub.ListTasks(request, **_options()))
        except RequestError as error:
            if error.code is ErrorCode.INVALID_ARGUMENT and cursor:
                raise Problem(
                    HTTPStatus.NOT_FOUND,
                    "unknown_cursor",
                    "No page before named this cursor in its `next`.",
                ) from error
            raise
        return [task_dict(task) for task in response.tasks], response.next_page_token

    async def get_batch(self, batch_id: str, viewer: str) -> dict[str, Any]:
        """The document of a batch. RequestError: unknown_batch."""
        request = pb.GetBatchRequest(batch_id=batch_id, viewer=pb.Viewer(owner=viewer))
        return batch_dict(await _answered(self._stub.GetBatch(request, **_options())))

    async def open_rendition(self, task_id: str, name: str, viewer: str) -> ReadObject:
        """A rendition. RequestError: unknown_task, unknown_object."""
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
            first = await _answered(_next_part(call))
        except TimeoutError as error:
            raise unanswered("late") from error
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


def _options() -> dict[str, Any]:
    return {"timeout": _QUERY_SECONDS, "metadata": rpc_metadata()}


async def _answered(call: Awaitable[_Answer]) -> _Answer:
    """What `call` answers; its failure as the refusal that it states, or as unavailable."""
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        raise request_error_of(error) or unanswered(error.code().name) from error
