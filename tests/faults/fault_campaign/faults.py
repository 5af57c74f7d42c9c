"""Faults from outside: processes that die or freeze, a broker that forgets, a disk that is full."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass

import psutil

from fault_campaign.load import Client
from fault_campaign.photos import PhotoMaker
from fault_campaign.system_under_test import (
    LEASE_SECONDS,
    TIME_LIMIT_SECONDS,
    HeldTask,
    SystemUnderTest,
)

_FROZEN_SECONDS = 20.0
_FULL_SECONDS = 8.0
_BUSY_WITHIN_SECONDS = 30.0
# The bounds that are promised for a file whose process, or whose whole worker, was killed.
CHILD_BACK_SECONDS = 10.0
WORKER_BACK_SECONDS = LEASE_SECONDS + 10.0


@dataclass
class Scene:
    """What a fault works with."""

    system: SystemUnderTest
    client: Client
    photos: PhotoMaker
    # When the harm began, in the seconds of the event loop.
    struck_at: float = 0.0

    def strike_now(self) -> None:
        """Note that the harm begins."""
        self.struck_at = asyncio.get_running_loop().time()


DISK_FULL = "disk full on the object store"

# Entered, the harm is over; until it is left, the campaign waits for everything to be as usual.
Strike = Callable[[Scene], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong."""

    name: str
    strike: Strike
    # Whether clients may find their connections broken.
    breaks_lines: bool = False
    # Whether it is over in seconds, so that the short campaign can have it.
    is_quick: bool = True


def process_faults() -> list[Fault]:
    """Every fault of this module."""
    return [
        Fault("kill -9 gateway", _kill("upload-gateway"), breaks_lines=True),
        Fault("kill -9 ingest-service", _kill("ingest-service")),
        Fault("kill -9 status-service", _kill("status-service")),
        Fault("kill -9 Redis", _kill("redis")),
        Fault("kill -9 Postgres", _kill("postgres")),
        Fault("kill -9 worker child, in the middle of a file", _kill_busy_child),
        Fault("kill -9 worker, in the middle of a file", _kill_busy_worker, is_quick=False),
        Fault("SIGSTOP Redis, 20 s", _freeze("redis"), is_quick=False),
        Fault("SIGSTOP Postgres, 20 s", _freeze("postgres"), is_quick=False),
        Fault("SIGSTOP worker child beyond its time limit", _freeze_busy_child, is_quick=False),
        Fault("FLUSHALL", _forget_everything),
        Fault(DISK_FULL, _fill_the_disk, is_quick=False),
    ]


def _kill(name: str) -> Strike:
    @asynccontextmanager
    async def strike(scene: Scene) -> AsyncIterator[None]:
        scene.strike_now()
        scene.system.process(name).kill()
        yield

    return strike


def _freeze(name: str) -> Strike:
    @asynccontextmanager
    async def strike(scene: Scene) -> AsyncIterator[None]:
        process = scene.system.process(name)
        scene.strike_now()
        async with frozen([process, *process.children(recursive=True)]):
            await asyncio.sleep(_FROZEN_SECONDS)
        yield

    return strike


@asynccontextmanager
async def _kill_busy_child(scene: Scene) -> AsyncIterator[None]:
    async with busy_child(scene) as held:
        held.process.kill()
        await scene.system.wait_for_next_run(held, CHILD_BACK_SECONDS)
    yield


@asynccontextmanager
async def _kill_busy_worker(scene: Scene) -> AsyncIterator[None]:
    async with busy_child(scene) as held:
        scene.system.process("worker").kill()
        await scene.system.wait_for_next_run(held, WORKER_BACK_SECONDS)
    yield


@asynccontextmanager
async def _freeze_busy_child(scene: Scene) -> AsyncIterator[None]:
    """Its parent ends it, and another process takes up what it was in the middle of."""
    async with busy_child(scene) as held:
        await scene.system.wait_for_next_run(held, TIME_LIMIT_SECONDS + CHILD_BACK_SECONDS)
    yield


@asynccontextmanager
async def _forget_everything(scene: Scene) -> AsyncIterator[None]:
    scene.strike_now()
    scene.system.flush_broker()
    yield


@asynccontextmanager
async def _fill_the_disk(scene: Scene) -> AsyncIterator[None]:
    filler = scene.system.objects / "filler"
    scene.strike_now()
    try:
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            # Until no space is left.
            while True:
                file.write(bytes(1 << 20))
        await asyncio.sleep(_FULL_SECONDS)
    finally:
        filler.unlink()
    yield


@asynccontextmanager
async def busy_child(scene: Scene) -> AsyncIterator[HeldTask]:
    """A process of the worker that stands still in the middle of a photo."""
    uploading = asyncio.create_task(  # noqa: RUF006 - awaited below
        scene.client.upload([scene.photos.large_png() for _ in range(3)])
    )
    try:
        held = await scene.system.freeze_a_busy_child(_BUSY_WITHIN_SECONDS)
        scene.strike_now()
        yield held
    finally:
        await uploading


@asynccontextmanager
async def frozen(processes: Sequence[psutil.Process]) -> AsyncIterator[None]:
    try:
        for process in processes:
            process.send_signal(signal.SIGSTOP)
        yield
    finally:
        for process in processes:
            if process.is_running():
                process.send_signal(signal.SIGCONT)
