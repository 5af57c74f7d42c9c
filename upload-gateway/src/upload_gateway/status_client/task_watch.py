"""Follows tasks as they change, over whatever happens to the stream that tells of them."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import grpc
import structlog
from prometheus_client import Gauge

from photo.status.v1 import status_service_pb2 as pb
from photo.status.v1 import status_service_pb2_grpc as pb_grpc
from photo_domain.errors import ErrorCode, RequestError
from service_kit.request_id import rpc_metadata
from service_kit.rpc_errors import request_error_of
from upload_gateway.status_client.documents import task_change
from upload_gateway.task_document import TaskChange

# The most streams that a replica has open: each costs memory here and in the status service.
MAX_WATCHES = 2_000
# One visitor gets a tenth of them, so that nobody holds them all.
_VISITORS_FOR_ALL = 10
# A stream gives a sign of life every 15 s: one without has lost its service.
_SILENCE_SECONDS = 40.0
# A stream is resumed for so long after the last message of the service that it replaces.
_OUTAGE_SECONDS = 30.0
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 5.0
# A cursor is short; a text that is longer is none.
_MAX_CURSOR_CHARACTERS = 256

# Of how many tasks a stream remembers what it has told.
_SEEN_TASKS = 1_000

_PASSING = {
    ErrorCode.DATABASE_UNAVAILABLE,
    ErrorCode.STREAM_INTERRUPTED,
    ErrorCode.TOO_MANY_STREAMS,
}

_STREAMS = Gauge("photo_event_streams", "Open streams of tasks: events, and polls that wait")
_STREAMS_LIMIT = Gauge("photo_event_streams_limit", "The most of them that a replica opens")

_log = structlog.get_logger(__name__)


class WatchEndedError(Exception):
    """A watch ended although there may be more to tell; the last cursor resumes it."""


class _StreamLostError(Exception):
    """A stream broke off; whoever watches opens another."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who follows: `viewer` in the records, `visitor` for limits of use.

    `is_allowed` tells whether they still may; it is asked at each message of the service.
    """

    viewer: str
    visitor: str
    is_allowed: Callable[[], bool]


class TaskWatch:
    """The streams of this replica."""

    def __init__(self, stub: pb_grpc.StatusServiceStub) -> None:
        self._stub = stub
        self._calls: set[Any] = set()
        self._open: Counter[str] = Counter()
        self._stopped = asyncio.Event()
        _STREAMS.set_function(self._open.total)
        _STREAMS_LIMIT.set(MAX_WATCHES)

    def is_full_for(self, watcher: Watcher) -> bool:
        """Whether this visitor may not open another stream now."""
        share = max(1, MAX_WATCHES // _VISITORS_FOR_ALL)
        return self._open.total() >= MAX_WATCHES or self._open[watcher.visitor] >= share

    def stop(self) -> None:
        """End every stream, those that begin later too: the process is about to end."""
        self._stopped.set()
        for call in tuple(self._calls):
            call.cancel()

    def batch(
        self, batch_id: str, watcher: Watcher, *, cursor: str, seconds: float
    ) -> AsyncGenerator[TaskChange]:
        """How the tasks of a batch stand and each change, until none is PENDING.

        With a cursor, what changed since. Raises RequestError (unknown_batch), WatchEndedError
        after `seconds`, after an outage of half a minute, when the process is about to end, where
        there is no place for another stream, and once the watcher is not allowed any more.
        """
        request = pb.WatchTasksRequest(viewer=pb.Viewer(owner=watcher.viewer), batch_id=batch_id)
        return self._changes(request, watcher, cursor, seconds)

    def task(self, task_id: str, watcher: Watcher, *, seconds: float) -> AsyncGenerator[TaskChange]:
        """How a task stands and each change until it is not PENDING; raises as `batch` does."""
        request = pb.WatchTasksRequest(viewer=pb.Viewer(owner=watcher.viewer), task_id=task_id)
        return self._changes(request, watcher, "", seconds)

    def viewer(
        self, watcher: Watcher, *, cursor: str, seconds: float
    ) -> AsyncGenerator[TaskChange]:
        """What of the viewer's is PENDING, or changed since `cursor`, then each change.

        It has no end but those that `batch` raises.
        """
        request = pb.WatchTasksRequest(viewer=pb.Viewer(owner=watcher.viewer))
        return self._changes(request, watcher, cursor, seconds)

    async def _changes(
        self, request: pb.WatchTasksRequest, watcher: Watcher, cursor: str, seconds: float
    ) -> AsyncGenerator[TaskChange]:
        loop = asyncio.get_running_loop()
        heard = loop.time()
        end = heard + seconds
        request.cursor = cursor if len(cursor) <= _MAX_CURSOR_CHARACTERS else ""
        is_given = bool(request.cursor)
        seen: dict[str, int] = {}
        failures = 0
        with self._place_of(watcher):
            while not self._stopped.is_set() and loop.time() < end:
                try:
                    async with aclosing(self._messages(request, end - loop.time())) as messages:
                        async for message in messages:
                            heard, failures, is_given = loop.time(), 0, False
                            if not watcher.is_allowed():
                                raise WatchEndedError
                            if _is_news(message, request.cursor, seen):
                                yield task_change(message)
                            request.cursor = message.cursor or request.cursor
                    if request.WhichOneof("scope") and not self._stopped.is_set():
                        return
                    why = "ended"
                except _StreamLostError as lost:
                    why = lost.why
                except RequestError as refusal:
                    if refusal.code is not ErrorCode.INVALID_ARGUMENT or not is_given:
                        raise
                    # The client's cursor is of another time or system: it counts as none.
                    request.cursor, is_given = "", False
                    why = "cursor"
                failures += 1
                now = loop.time()
                if self._stopped.is_set() or now >= end:
                    break
                if now - heard > _OUTAGE_SECONDS:
                    _log.warning("watch_given_up", reason=why, failures=failures)
                    break
                _log.info("watch_resumed", reason=why, failures=failures)
                await self._pause(failures, end - now)
            raise WatchEndedError

    @contextmanager
    def _place_of(self, watcher: Watcher) -> Iterator[None]:
        # Others may have come since the route asked whether there is a place.
        if self.is_full_for(watcher):
            raise WatchEndedError
        self._open[watcher.visitor] += 1
        try:
            yield
        finally:
            self._open[watcher.visitor] -= 1
            if not self._open[watcher.visitor]:
                del self._open[watcher.visitor]

    async def _messages(
        self, request: pb.WatchTasksRequest, seconds: float
    ) -> AsyncGenerator[pb.WatchTasksResponse]:
        """The messages of one stream, until its service or `stop` ends it.

        Raises _StreamLostError where it breaks off, RequestError where it is refused.
        """
        call = self._stub.WatchTasks(request, timeout=seconds, metadata=rpc_metadata())
        self._calls.add(call)
        try:
            while isinstance(message := await _next(call), pb.WatchTasksResponse):
                yield message
        except grpc.aio.AioRpcError as error:
            refusal = request_error_of(error)
            if refusal is None or refusal.code in _PASSING:
                raise _StreamLostError(error.code().name) from error
            raise refusal from error
        except TimeoutError as error:
            raise _StreamLostError("silent") from error
        except asyncio.CancelledError:
            # `stop` cancels the call alone, whoever hangs up this task.
            task = asyncio.current_task()
            if not self._stopped.is_set() or (task and task.cancelling()):
                raise
        finally:
            self._calls.discard(call)
            call.cancel()

    async def _pause(self, failures: int, at_most: float) -> None:
        # Full jitter: the streams of a service that went away do not come back all at once.
        longest = min(
            _FIRST_PAUSE_SECONDS * 2 ** min(failures, 10), _LONGEST_PAUSE_SECONDS, at_most
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(random.uniform(0, longest)):  # noqa: S311 - no secret
                await self._stopped.wait()


async def _next(call: Any) -> Any:
    """The next message; TimeoutError where not even a sign of life comes."""
    async with asyncio.timeout(_SILENCE_SECONDS):
        return await call.read()


def _is_news(message: pb.WatchTasksResponse, cursor: str, seen: dict[str, int]) -> bool:
    """Whether this stream has not told of `message` yet: a resumed one comes with repetitions."""
    if not message.HasField("task"):
        return message.cursor not in {"", cursor}
    task_id = message.task.task_id
    if message.deleted:
        seen.pop(task_id, None)
        return True
    if seen.get(task_id, -1) >= message.task.revision:
        return False
    seen.pop(task_id, None)
    seen[task_id] = message.task.revision
    if len(seen) > _SEEN_TASKS:
        del seen[next(iter(seen))]
    return True
