"""Runs second services beside the system's own, most of them doomed by `fault_points`.

They are started again when they died.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from fault_campaign import fault_points
from fault_campaign.faults import WORKER_BACK_SECONDS, Fault, Scene, Strike, busy_child, frozen
from fault_campaign.system_under_test import NotInTimeError
from local_stack.ports import HOST, free_ports
from local_stack.process_spec import ProcessSpec, Program
from local_stack.process_table import ProcessTable
from local_stack.readiness import Probe, grpc_serves, http_answers
from local_stack.supervisor import Supervisor

_READY_SECONDS = 30.0
_GRACE_SECONDS = 15.0
_DEATH_SECONDS = 30.0
_LATE_END_SECONDS = 30.0
_PAUSE_SECONDS = 0.05
# Side by side, so that several share a transaction.
_UPLOADS = 3


def second_service_faults() -> list[Fault]:
    """A fault for every step of every service, and those that take a service beside another."""
    steps = fault_points.steps_of
    return [
        *(
            Fault(f"gateway dies: {step}", _die_in_the_gateway(step), breaks_lines=True)
            for step in steps("upload_gateway")
        ),
        *(
            Fault(f"ingest-service dies: {step}", _die_in_the_ingest_service(step))
            for step in steps("ingest_service")
        ),
        *(
            Fault(f"worker child dies: {step}", _die_in_the_worker(step))
            for step in steps("photo_worker")
        ),
        Fault(
            "SIGSTOP worker beyond its lease, its child wakes late",
            _freeze_busy_worker,
            is_quick=False,
        ),
    ]


def _die_in_the_gateway(step: str) -> Strike:
    @asynccontextmanager
    async def strike(scene: Scene) -> AsyncIterator[None]:
        async with _services_beside(scene) as doomed:
            address = await doomed.start_gateway(step=step)
            scene.strike_now()
            await _upload(scene, address)
            await doomed.has_died()
            yield

    return strike


def _die_in_the_ingest_service(step: str) -> Strike:
    @asynccontextmanager
    async def strike(scene: Scene) -> AsyncIterator[None]:
        async with _services_beside(scene) as doomed:
            relays = step.startswith("relay")
            port = await doomed.start_ingest_service(step)
            address = await doomed.start_gateway(INGEST_TARGET=f"dns:///{HOST}:{port}")
            scene.strike_now()
            await _upload(scene, address)
            # Only what the broker forgot is a relay's to publish; another relay may come first.
            await doomed.has_died(meanwhile=scene.system.flush_broker if relays else None)
            yield

    return strike


def _die_in_the_worker(step: str) -> Strike:
    @asynccontextmanager
    async def strike(scene: Scene) -> AsyncIterator[None]:
        async with _services_beside(scene) as doomed:
            await doomed.start_worker(step)
            # It shares the queues with the system's own: one of the load's files will be its.
            await doomed.has_died()
            scene.strike_now()
            yield

    return strike


@asynccontextmanager
async def _freeze_busy_worker(scene: Scene) -> AsyncIterator[None]:
    """Another worker finishes what it is in the middle of.

    Then its process wakes before its parent, which would end it, and comes to its own end of it.
    """
    async with _services_beside(scene) as beside:
        # First: a parent ends a process that stands still while this one starts.
        await beside.start_worker()
        async with busy_child(scene) as held:
            worker = scene.system.process("worker")
            async with frozen([worker, *worker.children(recursive=True)]):
                await scene.system.wait_for_end(held, WORKER_BACK_SECONDS)
                held.process.send_signal(signal.SIGCONT)
                await scene.system.wait_for_late_end(held, _LATE_END_SECONDS)
    yield


async def _upload(scene: Scene, address: str) -> None:
    async with asyncio.TaskGroup() as tasks:
        for _ in range(_UPLOADS):
            files = [scene.photos.jpeg() for _ in range(3)]
            tasks.create_task(scene.client.upload(files, first_try_at=address))


@dataclass(frozen=True)
class _ServicesBeside:
    scene: Scene
    supervisor: Supervisor
    # There until one of them has died at its step.
    token: Path

    async def start_gateway(self, step: str | None = None, **settings: str) -> str:
        port, metrics_port = free_ports(2)
        ports = {"GATEWAY_PORT": str(port), "GATEWAY_METRICS_PORT": str(metrics_port)}
        is_ready = http_answers(port, "/readyz")
        await self._start("upload-gateway", step, ports | settings, is_ready)
        return f"http://{HOST}:{port}"

    async def start_ingest_service(self, step: str) -> int:
        port, metrics_port = free_ports(2)
        ports = {"INGEST_PORT": str(port), "INGEST_METRICS_PORT": str(metrics_port)}
        await self._start("ingest-service", step, ports, grpc_serves(port))
        return port

    async def start_worker(self, step: str | None = None) -> None:
        port = free_ports(1)[0]
        settings = {
            "WORKER_METRICS_PORT": str(port),
            "WORKER_METRICS_FOLDER": str(self.token.parent / "metrics"),
        }
        await self._start("worker", step, settings, http_answers(port, "/metrics"))

    async def has_died(self, meanwhile: Callable[[], None] | None = None) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _DEATH_SECONDS
        while self.token.exists():
            if loop.time() > deadline:
                raise NotInTimeError("no doomed service came to its step")
            if meanwhile:
                meanwhile()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _start(
        self, name: str, step: str | None, settings: Mapping[str, str], is_ready: Probe
    ) -> None:
        package = {"worker": "photo_worker"}.get(name, name.replace("-", "_"))
        command = [sys.executable, "-m", package]
        if step is not None:
            command = [sys.executable, fault_points.__file__, package, step, str(self.token)]
        environment = {**self.scene.system.environment_of(name), **settings}
        program = Program(f"second-{name}", command, environment)
        await self.supervisor.start(ProcessSpec(program, is_ready, None, None))


@asynccontextmanager
async def _services_beside(scene: Scene) -> AsyncIterator[_ServicesBeside]:
    with TemporaryDirectory(prefix="second-services-") as name:
        folder = Path(name)
        token = folder / "token"
        token.touch()
        supervisor = Supervisor(
            ProcessTable(folder / "processes.json"),
            scene.system.stack.local_dir / "logs",
            ready_within=_READY_SECONDS,
            grace=_GRACE_SECONDS,
        )
        try:
            yield _ServicesBeside(scene, supervisor, token)
        finally:
            await supervisor.stop()
