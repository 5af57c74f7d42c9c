"""Streams of tasks as a client follows them, of a service that is told of changes or looks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import asyncpg
import grpc
import pytest

from photo.status.v1 import status_service_pb2 as pb
from photo_domain.errors import ErrorCode
from photo_records.registration import NewPhoto
from photo_records.task_changes import TaskChange
from service_kit.rpc_errors import request_error_of

OWNER = "the owner"


class Stream:
    """The answers of a call, which are tasks or signs of life."""

    def __init__(self, call: Any) -> None:
        self.call = call

    async def task(self) -> Any:
        """The next answer with a task."""
        async with asyncio.timeout(20):
            while True:
                answer = await self.call.read()
                assert answer is not grpc.aio.EOF
                if answer.HasField("task"):
                    return answer

    async def sign_of_life(self) -> Any:
        async with asyncio.timeout(20):
            while True:
                answer = await self.call.read()
                assert answer is not grpc.aio.EOF
                if not answer.HasField("task"):
                    return answer

    async def rest(self) -> list[Any]:
        """All answers with tasks until the stream ends by itself."""
        async with asyncio.timeout(20):
            answers = []
            while (answer := await self.call.read()) is not grpc.aio.EOF:
                answers.append(answer)
        return [answer for answer in answers if answer.HasField("task")]

    async def refusal(self) -> ErrorCode:
        """The error that the stream ends with."""
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.rest()
        stated = request_error_of(caught.value)
        assert stated is not None
        return stated.code


@pytest.fixture
def watching() -> Callable[..., AbstractAsyncContextManager[Stream]]:
    """Opens the stream of a task, a batch or a viewer for the time of a context."""

    @asynccontextmanager
    async def watch(stub: Any, owner: str = OWNER, **scope: Any) -> AsyncIterator[Stream]:
        scope = {name: str(value) for name, value in scope.items()}
        request = pb.WatchTasksRequest(viewer=pb.Viewer(owner=owner), **scope)
        call = stub.WatchTasks(request, timeout=60)
        try:
            yield Stream(call)
        finally:
            call.cancel()

    return watch


@pytest.fixture(params=["told", "looked for"])
def way(request: Any) -> str:
    """How changes come to the service."""
    found: str = request.param
    return found


@pytest.fixture
async def stub(way: str, serve: Any, pool: asyncpg.Pool, redis_server: Any) -> Any:
    """A service that is told of changes, and never looks for them; and one without a Redis."""
    if way == "told":
        return await serve(pool, redis_url=redis_server.redis_url, look_seconds=1000)
    return await serve(pool)


@pytest.fixture
def settle(way: str, tell: Any, pool: asyncpg.Pool) -> Any:
    """Tells of the last transition of a photo, as whoever committed it does."""

    async def settle(photo: NewPhoto) -> None:
        row = await pool.fetchrow("SELECT * FROM photos WHERE task_id = $1", photo.task_id)
        assert row
        if way == "told":
            await tell(TaskChange(photo.task_id, row["batch_id"], row["owner"], row["revision"]))

    return settle
