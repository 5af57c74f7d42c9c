"""A service for the tests: the status contract, answered by what a test says."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest

from photo.status.v1 import status_service_pb2 as pb
from photo.status.v1 import status_service_pb2_grpc as pb_grpc
from service_kit.grpc_channel import open_channel
from service_kit.grpc_server import build_server

SERVICE = pb.DESCRIPTOR.services_by_name["StatusService"].full_name


class ScriptedService(pb_grpc.StatusServiceServicer):
    """Does in each call what the test put in `behaviour`; GetObject yields what it yields."""

    name = SERVICE

    def __init__(self) -> None:
        self.behaviour: Callable[[Any, Any], Any] = self._nothing

    async def GetTask(self, request: Any, context: Any) -> pb.GetTaskResponse:
        await self.behaviour(request, context)
        return pb.GetTaskResponse(task=pb.Task(task_id=request.task_id))

    async def GetObject(self, request: Any, context: Any) -> AsyncIterator[pb.GetObjectResponse]:
        async for chunk in self.behaviour(request, context):
            yield pb.GetObjectResponse(chunk=chunk)

    def add_to(self, server: grpc.aio.Server) -> None:
        pb_grpc.add_StatusServiceServicer_to_server(self, server)

    @staticmethod
    async def _nothing(_request: Any, _context: Any) -> None:
        return None


@pytest.fixture
def service() -> ScriptedService:
    return ScriptedService()


@pytest.fixture
async def channel(service: ScriptedService) -> AsyncIterator[grpc.aio.Channel]:
    """A line to `service` behind a real server."""
    server = build_server(service.name)
    service.add_to(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with open_channel(f"dns:///127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(None)


@pytest.fixture
def stub(channel: grpc.aio.Channel) -> Any:
    """A client of `service`."""
    return pb_grpc.StatusServiceStub(channel)
