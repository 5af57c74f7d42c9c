"""What one channel of a process lets another one feel."""

from typing import Any

import grpc
import pytest

from local_stack.ports import free_ports
from photo.status.v1 import status_service_pb2 as pb
from photo.status.v1 import status_service_pb2_grpc as pb_grpc
from service_kit.grpc_channel import open_channel
from service_kit.grpc_server import build_server


async def test_a_new_channel_knows_nothing_of_what_another_met_at_its_address(service: Any) -> None:
    address = f"127.0.0.1:{free_ports(1)[0]}"
    async with open_channel(f"dns:///{address}") as earlier:
        with pytest.raises(grpc.aio.AioRpcError, match="refused"):
            await pb_grpc.StatusServiceStub(earlier).GetTask(pb.GetTaskRequest(), timeout=10)
        server = build_server(service.name)
        service.add_to(server)
        server.add_insecure_port(address)
        await server.start()
        # At once, while the earlier one waits before it tries again.
        async with open_channel(f"dns:///{address}") as later:
            request = pb.GetTaskRequest(task_id="a")
            answer = await pb_grpc.StatusServiceStub(later).GetTask(request, timeout=10)
        await server.stop(None)
    assert answer.task.task_id == "a"
