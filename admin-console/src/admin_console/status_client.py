"""The status service as the console uses it: the pictures of photos."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import grpc
import structlog

from photo.status.v1 import status_service_pb2 as pb
from photo.status.v1 import status_service_pb2_grpc as pb_grpc
from service_kit.request_id import rpc_metadata
from service_kit.rpc_errors import request_error_of

# A rendition is small, but its reader may be slow: the whole has this time, each part the other.
_OBJECT_SECONDS = 60.0
_PART_SECONDS = 5.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ReadRendition:
    """A rendition on its way; `size` in bytes."""

    content_type: str
    size: int
    chunks: AsyncIterator[bytes]


class StatusUnavailableError(Exception):
    """The status service does not answer."""


class StatusClient:
    """Reads renditions in the name of an operator; originals it never asks for."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.StatusServiceStub(channel)

    async def open_rendition(self, task_id: str, name: str, operator: str) -> ReadRendition:
        """A rendition of a photo; close `chunks` where they are not read to their end.

        Raises RequestError (unknown_task, unknown_object, storage_unavailable,
        database_unavailable) and StatusUnavailableError; the chunks the latter alone.
        """
        call = self._stub.GetObject(
            pb.GetObjectRequest(
                task_id=task_id, viewer=pb.Viewer(operator=operator), rendition=name
            ),
            timeout=_OBJECT_SECONDS,
            metadata=rpc_metadata(),
        )
        try:
            first = await _next_part(call)
        except grpc.aio.AioRpcError as error:
            if stated := request_error_of(error):
                raise stated from error
            raise _unavailable(error.code().name) from error
        if not isinstance(first, pb.GetObjectResponse):
            raise _unavailable("empty")
        return ReadRendition(first.info.content_type, first.info.size, _chunks(call))


async def _chunks(call: "grpc.aio.UnaryStreamCall[Any, Any]") -> AsyncIterator[bytes]:
    try:
        # A call that was read by hand once must be read so to its end.
        while isinstance(message := await _next_part(call), pb.GetObjectResponse):
            yield message.chunk
    except grpc.aio.AioRpcError as error:
        raise _unavailable(error.code().name) from error
    finally:
        # Leaving the loop early does not end the call by itself.
        call.cancel()


async def _next_part(call: "grpc.aio.UnaryStreamCall[Any, Any]") -> Any:
    try:
        async with asyncio.timeout(_PART_SECONDS):
            return await call.read()
    except TimeoutError as error:
        call.cancel()
        raise _unavailable("late") from error


def _unavailable(why: str) -> StatusUnavailableError:
    _log.warning("status_call_failed", code=why)
    return StatusUnavailableError(why)
