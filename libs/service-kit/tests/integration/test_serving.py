"""How a server starts, tells its health, drains and stops."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from local_stack.ports import free_ports
from photo.status.v1 import status_service_pb2 as pb
from photo.status.v1 import status_service_pb2_grpc as pb_grpc
from service_kit import health as health_module
from service_kit.grpc_channel import open_channel
from service_kit.grpc_server import build_server, serve
from service_kit.health import LIVENESS, HealthReporter
from service_kit.health_client import is_serving

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Dependency:
    """What a service depends on: answers, fails, hangs or clings as a test says."""

    def __init__(self) -> None:
        self.state = "answers"
        self.asked = 0

    async def check(self) -> None:
        self.asked += 1
        if self.state == "fails":
            raise ConnectionError("no route")
        if self.state == "hangs":
            await asyncio.Event().wait()
        if self.state == "clings":
            try:
                await asyncio.Event().wait()
            finally:
                # As a connection whose cancellation nobody answers.
                await asyncio.Event().wait()


class RunningServer:
    """`serve` in a task of its own."""

    def __init__(
        self,
        service: Any,
        dependency: Dependency,
        *,
        reflected_services: Sequence[str] = (),
        grace_seconds: float = 20.0,
    ) -> None:
        self.port = free_ports(1)[0]
        self.target = f"dns:///127.0.0.1:{self.port}"
        self.stopped = 0
        server = build_server(service.name)
        service.add_to(server)
        self.task = asyncio.create_task(
            serve(
                server,
                address=f"127.0.0.1:{self.port}",
                health=HealthReporter(service.name, {"dependency": dependency.check}),
                reflected_services=reflected_services,
                grace_seconds=grace_seconds,
                on_stop=self._on_stop,
            )
        )

    async def _on_stop(self) -> None:
        self.stopped += 1

    async def stop(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(30):
            await self.task


@pytest.fixture
def dependency(monkeypatch: pytest.MonkeyPatch) -> Dependency:
    monkeypatch.setattr(health_module, "_INTERVAL_SECONDS", 0.02)
    monkeypatch.setattr(health_module, "_TIMEOUT_SECONDS", 0.05)
    return Dependency()


@pytest.fixture
async def running(service: Any, dependency: Dependency) -> AsyncIterator[RunningServer]:
    running = RunningServer(service, dependency)
    yield running
    if not running.task.done():
        await running.stop()


async def until_health(target: str, status: int, service: Any = "") -> None:
    async with asyncio.timeout(20), open_channel(target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        while True:
            answer = await stub.Check(
                health_pb2.HealthCheckRequest(service=service), wait_for_ready=True, timeout=20
            )
            if answer.status == status:
                return
            await asyncio.sleep(0.01)


async def test_a_server_whose_dependencies_answer_is_serving_as_a_whole_and_by_name(
    running: RunningServer, service: Any
) -> None:
    await until_health(running.target, SERVING)
    await until_health(running.target, SERVING, service.name)


@pytest.mark.parametrize("trouble", ["fails", "hangs", "clings"])
async def test_health_follows_a_dependency_down_and_up_again(
    running: RunningServer, dependency: Dependency, service: Any, trouble: str
) -> None:
    await until_health(running.target, SERVING)
    dependency.state = trouble
    await until_health(running.target, NOT_SERVING)
    await until_health(running.target, NOT_SERVING, service.name)
    dependency.state = "answers"
    await until_health(running.target, SERVING)
    await until_health(running.target, SERVING, service.name)


async def test_a_server_whose_dependencies_are_gone_is_alive_all_the_same(
    running: RunningServer, dependency: Dependency
) -> None:
    dependency.state = "fails"
    await until_health(running.target, NOT_SERVING)
    await until_health(running.target, SERVING, LIVENESS)


async def test_a_server_is_not_serving_before_its_first_check_has_ended(
    service: Any, dependency: Dependency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_module, "_TIMEOUT_SECONDS", 60)
    dependency.state = "hangs"
    running = RunningServer(service, dependency)
    async with asyncio.timeout(20), open_channel(running.target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest()
        answer = await stub.Check(request, wait_for_ready=True, timeout=20)
    assert answer.status == NOT_SERVING
    await running.stop()


async def test_the_health_client_tells_serving_from_everything_else(
    running: RunningServer, dependency: Dependency
) -> None:
    await until_health(running.target, SERVING)
    async with open_channel(running.target) as channel:
        assert await is_serving(channel, 5)
        dependency.state = "fails"
        await until_health(running.target, NOT_SERVING)
        assert not await is_serving(channel, 5)
    async with open_channel(f"dns:///127.0.0.1:{free_ports(1)[0]}") as channel:
        assert not await is_serving(channel, 5)


async def test_a_stop_reports_not_serving_first_and_lets_a_running_call_finish(
    running: RunningServer, service: Any
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def behave(_request: Any, _context: Any) -> None:
        begun.set()
        await go_on.wait()

    service.behaviour = behave
    await until_health(running.target, SERVING)
    async with asyncio.timeout(30), open_channel(running.target) as channel:
        watching = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert (await watching.read()).status == SERVING
        request = pb.GetTaskRequest(task_id="slow")
        slow = asyncio.ensure_future(pb_grpc.StatusServiceStub(channel).GetTask(request))
        await begun.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        assert (await watching.read()).status == NOT_SERVING
        assert running.stopped == 0
        watching.cancel()
        go_on.set()
        assert (await slow).task.task_id == "slow"
        await running.task
    assert running.stopped == 1


async def test_a_call_that_outlasts_the_grace_is_cut_off(
    service: Any, dependency: Dependency
) -> None:
    begun = asyncio.Event()

    async def behave(_request: Any, _context: Any) -> None:
        begun.set()
        await asyncio.Event().wait()

    service.behaviour = behave
    running = RunningServer(service, dependency, grace_seconds=0.05)
    async with asyncio.timeout(30), open_channel(running.target) as channel:
        stub = pb_grpc.StatusServiceStub(channel)
        endless = asyncio.ensure_future(stub.GetTask(pb.GetTaskRequest(), wait_for_ready=True))
        await begun.wait()
        await running.stop()
        with pytest.raises(grpc.aio.AioRpcError):
            await endless
    assert running.stopped == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_server_stops_at_the_signals_that_ask_it_to(
    running: RunningServer, number: signal.Signals
) -> None:
    await until_health(running.target, SERVING)
    os.kill(os.getpid(), number)
    async with asyncio.timeout(20):
        await running.task
    assert running.stopped == 1


async def test_a_second_server_on_the_port_fails_at_once(
    running: RunningServer, service: Any, dependency: Dependency
) -> None:
    await until_health(running.target, SERVING)
    second = build_server(service.name)
    service.add_to(second)
    with pytest.raises(RuntimeError, match=str(running.port)):
        await serve(
            second,
            address=f"127.0.0.1:{running.port}",
            health=HealthReporter(service.name, {}),
            reflected_services=[],
            grace_seconds=1,
            on_stop=dependency.check,
        )
    await second.stop(None)
    await until_health(running.target, SERVING)


async def _described(target: str) -> list[str]:
    async def requests() -> AsyncIterator[reflection_pb2.ServerReflectionRequest]:
        yield reflection_pb2.ServerReflectionRequest(list_services="")

    async with open_channel(target) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        call = stub.ServerReflectionInfo(requests(), wait_for_ready=True, timeout=20)
        answer = await call.read()
        call.cancel()
        return [service.name for service in answer.list_services_response.service]


async def test_the_contract_is_told_where_reflection_is_on(
    service: Any, dependency: Dependency
) -> None:
    running = RunningServer(service, dependency, reflected_services=[service.name])
    assert {service.name, "grpc.health.v1.Health"} <= {*await _described(running.target)}
    await running.stop()


async def test_the_contract_is_not_told_where_reflection_is_off(running: RunningServer) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await _described(running.target)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
