"""A gateway on a port of its own, over a status service whose tasks the test changes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from photo.status.v1 import status_service_pb2 as pb
from photo.status.v1 import status_service_pb2_grpc as pb_grpc
from photo_domain.errors import ErrorCode, RequestError
from service_kit.http_protocol import BoundedHttpProtocol
from service_kit.request_edge import RequestEdge
from upload_gateway.routes import batches, events, task_status, tasks, visitor

BATCH_ID = "01919a3c-0000-7abc-8def-0123456789ab"
_WAIT_SECONDS = 20.0


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_WAIT_SECONDS):
        while not condition():  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.005)


class StatusService(pb_grpc.StatusServiceServicer):
    """Tasks that change as the test says; a cursor is the number of changes before it."""

    def __init__(self) -> None:
        self.tasks: dict[str, pb.Task] = {}
        self.rejected: list[pb.RejectedFile] = []
        self.changes: list[pb.WatchTasksResponse] = []
        self.watches: list[pb.WatchTasksRequest] = []
        self.lists: list[pb.ListTasksRequest] = []
        self.open_watches = 0
        self.next_page_token = ""
        self.signs_of_life: list[str] = []
        self.after_a_look: Callable[[], Awaitable[None]] | None = None
        self.refusal: Exception | None = None
        self.watch_refusals: list[Exception] = []
        self._news = asyncio.Condition()
        self._breaking = asyncio.Event()

    async def put(self, task_id: str, status: str = "PENDING", revision: int = 1) -> None:
        """Create or change a task."""
        self.tasks[task_id] = pb.Task(
            task_id=task_id,
            batch_id=BATCH_ID,
            status=pb.TaskStatus.Value(f"TASK_STATUS_{status}"),
            stage=pb.TASK_STAGE_QUEUED if status == "PENDING" else pb.TASK_STAGE_DONE,
            revision=revision,
        )
        await self._tell(pb.WatchTasksResponse(task=self.tasks[task_id]))

    async def remove(self, task_id: str) -> None:
        """Delete a task."""
        del self.tasks[task_id]
        task = pb.Task(task_id=task_id, batch_id=BATCH_ID)
        await self._tell(pb.WatchTasksResponse(task=task, deleted=True))

    async def break_streams(self, error: Exception | None = None) -> None:
        """Let every stream that is open fail, as in a restart if not told otherwise."""
        self._break = error or RequestError(ErrorCode.STREAM_INTERRUPTED, "The service restarts.")
        self._breaking.set()
        async with self._news:
            self._news.notify_all()
        await self.until(lambda: self.open_watches == 0)
        self._breaking.clear()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds."""
        await _until(condition)

    async def _tell(self, message: pb.WatchTasksResponse) -> None:
        message.cursor = str(len(self.changes) + 1)
        async with self._news:
            self.changes.append(message)
            self._news.notify_all()

    async def GetTask(self, request: pb.GetTaskRequest, context: Any) -> pb.GetTaskResponse:
        answer = pb.GetTaskResponse(task=self._known(request.task_id))
        if self.after_a_look:
            await self.after_a_look()
        return answer

    async def ListTasks(self, request: pb.ListTasksRequest, context: Any) -> pb.ListTasksResponse:
        self._refuse()
        self.lists.append(request)
        if request.page_token not in {"", self.next_page_token}:
            raise RequestError(ErrorCode.INVALID_ARGUMENT, "The token is not ours.")
        found = [task for task in self.tasks.values() if request.status in {task.status, 0}]
        return pb.ListTasksResponse(tasks=found, next_page_token=self.next_page_token)

    async def GetBatch(self, request: pb.GetBatchRequest, context: Any) -> pb.GetBatchResponse:
        self._refuse()
        if request.batch_id != BATCH_ID:
            raise RequestError(ErrorCode.UNKNOWN_BATCH, "There is no batch with this id.")
        return pb.GetBatchResponse(
            batch_id=BATCH_ID, tasks=self.tasks.values(), rejected=self.rejected
        )

    async def WatchTasks(
        self, request: pb.WatchTasksRequest, context: Any
    ) -> AsyncIterator[pb.WatchTasksResponse]:
        self.watches.append(request)
        if self.watch_refusals:
            raise self.watch_refusals.pop(0)
        self.open_watches += 1
        try:
            if request.task_id:
                self._known(request.task_id)
            told = _told_until(request.cursor, len(self.changes))
            for task in () if request.cursor else tuple(self.tasks.values()):
                if request.task_id in {"", task.task_id}:
                    yield pb.WatchTasksResponse(task=task, cursor=str(told))
            for cursor in self.signs_of_life:
                yield pb.WatchTasksResponse(cursor=cursor)
            while True:
                # One by one: more may come while one is sent.
                while told < len(self.changes):
                    message = self.changes[told]
                    told += 1
                    if request.task_id in {"", message.task.task_id}:
                        yield message
                if request.WhichOneof("scope") and not self._pending(request.task_id):
                    return
                async with self._news:
                    while len(self.changes) == told and not self._breaking.is_set():
                        await self._news.wait()
                if self._breaking.is_set():
                    raise self._break
        finally:
            self.open_watches -= 1

    def _pending(self, task_id: str) -> bool:
        return any(
            task.status == pb.TASK_STATUS_PENDING and task_id in {"", task.task_id}
            for task in self.tasks.values()
        )

    def _known(self, task_id: str) -> pb.Task:
        self._refuse()
        if task_id not in self.tasks:
            raise RequestError(ErrorCode.UNKNOWN_TASK, "There is no task with this id.")
        return self.tasks[task_id]

    def _refuse(self) -> None:
        if self.refusal:
            raise self.refusal


def _told_until(cursor: str, now: int) -> int:
    if cursor and not cursor.isdecimal():
        raise RequestError(ErrorCode.INVALID_ARGUMENT, "The cursor is not ours.")
    return int(cursor or now)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to pytest."""
        yield


@pytest.fixture
async def service() -> StatusService:
    return StatusService()


@pytest.fixture
async def app(service: StatusService, open_gateway: Callable[..., Any]) -> Any:
    client = await open_gateway([batches, events, task_status, tasks, visitor], service)
    return client._transport.app


@pytest.fixture
async def client(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A visitor with a session, over TCP."""
    config = uvicorn.Config(
        RequestEdge(app),
        port=0,
        lifespan="off",
        http=BoundedHttpProtocol,
        log_config=None,
        ws="none",
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve())
    await _until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", timeout=_WAIT_SECONDS, trust_env=False
    ) as visitor_client:
        await visitor_client.get("/api/csrf")
        yield visitor_client
    server.should_exit = True
    await serving


@pytest.fixture
def watch(app: Any) -> Any:
    """The streams of the gateway to the status service."""
    return app.state.adapters.status.watch
