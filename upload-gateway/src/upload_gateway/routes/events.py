"""`GET /api/events`: tasks as they change, as server-sent events."""

import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Query, Request, Response
from sse_starlette import ServerSentEvent

from photo_domain.errors import ErrorCode, RequestError
from photo_domain.task_state import TaskStatus
from upload_gateway.adapters import adapters_of, watcher_of
from upload_gateway.event_stream import EventStream
from upload_gateway.openapi_parts import problems, response_headers
from upload_gateway.problems import Problem
from upload_gateway.status_client import StatusClient, WatchEndedError, Watcher
from upload_gateway.task_document import TaskChange

router = APIRouter()

# A stream ends after an hour, and its client comes back: to another replica, and asked anew who it
# is.
_STREAM_SECONDS = 3600.0
# When a client comes back, in milliseconds: not all at once.
_RETRY_MILLISECONDS = (1_000, 4_000)
# The id of the event that ends a batch; no cursor is like it.
_DONE = "done"

_EXAMPLE = """retry: 2000

id: MTIz
event: task
data: {"task_id": "01919a3c-5e00-7abc-8def-0123456789ab", "status": "SUCCESS", …}

id: MTI0
event: deleted
data: {"task_id": "…", "batch_id": "…"}

: ping

id: done
event: done
data: {"batch_id": "…", "totals": {"PENDING": 0, "SUCCESS": 2, "FAILURE": 0}}
"""


def _described(name: str, data: dict[str, Any]) -> dict[str, Any]:
    told = {"type": "string", "contentMediaType": "application/json", "contentSchema": data}
    return {
        "type": "object",
        "required": ["id", "event", "data"],
        "properties": {"id": {"type": "string"}, "event": {"const": name}, "data": told},
    }


def _fields(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


_ID = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_TOTALS = _fields(**dict.fromkeys(TaskStatus, _COUNT))
# As FastAPI describes events of its own: one of the stream, by the key of OpenAPI 3.2.
_ITEM = {
    "oneOf": [
        _described("task", {"$ref": "#/components/schemas/TaskDocument"}),
        _described("deleted", _fields(task_id=_ID, batch_id=_ID)),
        _described("done", _fields(batch_id=_ID, totals=_TOTALS)),
    ]
}


@router.get(
    "/api/events",
    status_code=HTTPStatus.OK,
    response_class=EventStream,
    responses={
        200: {
            "description": "`task` (data: a task), `deleted` (`task_id`, `batch_id`) and, for a"
            " batch, `done` (`batch_id`, `totals`); the id of an event resumes the stream after it",
            "content": {"text/event-stream": {"itemSchema": _ITEM, "example": _EXAMPLE}},
            "headers": response_headers(
                {"Cache-Control": "no-store", "X-Accel-Buffering": "no, for proxies"}
            ),
        },
        204: {
            "description": "Nothing to follow, do not come back: a batch that was"
            " told to its end, or the tasks of a visitor without session or key"
        },
        **problems(
            {
                HTTPStatus.NOT_FOUND: "unknown_batch",
                HTTPStatus.SERVICE_UNAVAILABLE: "too_many_streams, database_unavailable,"
                " service_unavailable",
            }
        ),
    },
)
async def events(
    request: Request,
    batch_id: Annotated[str | None, Query(description="This batch; else all of one's own")] = None,
    last_event_id: Annotated[
        str | None, Header(alias="Last-Event-ID", description="Resumes after this event")
    ] = None,
    last_event_id_of_query: Annotated[
        str | None,
        Query(alias="last_event_id", description="For clients that cannot send the header"),
    ] = None,
) -> Response:
    """How tasks stand, then each change of them."""
    status = adapters_of(request).status
    watcher = watcher_of(request)
    cursor = last_event_id or last_event_id_of_query or ""
    if (batch_id is None and not watcher.viewer) or (batch_id is not None and cursor == _DONE):
        return Response(status_code=HTTPStatus.NO_CONTENT.value)
    if status.watch.is_full_for(watcher):
        raise RequestError(ErrorCode.TOO_MANY_STREAMS, "Too many streams are open; poll instead.")
    if batch_id is None:
        changes = status.watch.viewer(watcher, cursor=cursor, seconds=_STREAM_SECONDS)
        return EventStream(_events_of_viewer(changes))
    # Before the first byte: an unknown batch is a 404, not a stream.
    await status.get_batch(batch_id, watcher.viewer)
    return EventStream(_events_of_batch(status, batch_id, watcher, cursor))


async def _events_of_viewer(changes: AsyncGenerator[TaskChange]) -> AsyncIterator[ServerSentEvent]:
    yield _retry()
    # However it ends, the client comes back by itself.
    with suppress(RequestError, WatchEndedError):
        async with aclosing(changes):
            async for change in changes:
                yield _told(change)


async def _events_of_batch(
    status: StatusClient, batch_id: str, watcher: Watcher, cursor: str
) -> AsyncIterator[ServerSentEvent]:
    yield _retry()
    changes = status.watch.batch(batch_id, watcher, cursor=cursor, seconds=_STREAM_SECONDS)
    with suppress(RequestError, WatchEndedError, Problem):
        async with aclosing(changes):
            async for change in changes:
                yield _told(change)
        totals = (await status.get_batch(batch_id, watcher.viewer))["totals"]
        # Unless one of its tasks was retried just now.
        if not totals[TaskStatus.PENDING]:
            yield _event(_DONE, {"batch_id": batch_id, "totals": totals}, _DONE)


def _retry() -> ServerSentEvent:
    return ServerSentEvent(retry=random.randint(*_RETRY_MILLISECONDS))  # noqa: S311 - no secret


def _told(change: TaskChange) -> ServerSentEvent:
    if change.state is None:
        # Without data it is no event, but what the client comes back with.
        return ServerSentEvent(id=change.cursor)
    name = "deleted" if change.deleted else "task"
    return _event(name, change.state.document, change.cursor)


def _event(name: str, data: dict[str, Any], event_id: str) -> ServerSentEvent:
    return ServerSentEvent(orjson.dumps(data).decode(), event=name, id=event_id)
