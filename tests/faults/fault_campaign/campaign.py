"""One round: a fresh system under load, one fault after another, and the audit at the end."""

import asyncio
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fault_campaign.audit import Verdict, audit, watch_ends
from fault_campaign.faults import Fault, Scene
from fault_campaign.ledger import NO_FAULT, Ledger
from fault_campaign.load import Client, upload_load
from fault_campaign.photos import PhotoMaker
from fault_campaign.system_under_test import SETTINGS, NotInTimeError, SystemUnderTest
from local_stack.running_stack import temporary_stack
from local_stack.temporary_folder import temporary_folder

_NORMAL_SECONDS = 150.0
_PAUSE_SECONDS = 0.1
# Between two faults: enough for files to be in every stage.
_QUIET_SECONDS = 1.0
_OBJECT_STORE_SIZE = "1g"


@dataclass
class Round:
    """What came of a round."""

    verdict: Verdict
    ledger: Ledger
    # By fault: seconds from its first moment until everything was as usual.
    seconds_until_normal: dict[str, float] = field(default_factory=dict)


@contextmanager
def own_disk(folder: Path) -> Iterator[None]:
    """Give `folder` a small file system of its own, which can be full. Needs root."""
    folder.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_OBJECT_STORE_SIZE}", "tmpfs", str(folder)]
    subprocess.run(mount, check=True, capture_output=True, timeout=10)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=10)


def can_mount() -> bool:
    """Whether `own_disk` works here."""
    with temporary_folder() as folder:
        try:
            with own_disk(folder / "disk"):
                return True
        except (OSError, subprocess.SubprocessError):
            return False


async def run_round(faults: Sequence[Fault], seed: int) -> Round:
    """Strike with each fault in turn under load, then hold everything to account.

    The system is new, and gone afterwards.
    """
    chance = random.Random(seed)
    photos = PhotoMaker()
    ledger = Ledger()
    seconds: dict[str, float] = {}
    async with _new_system() as system:
        await watch_ends(system)
        async with (
            Client(system.stack.base_url, ledger).visiting() as client,
            upload_load(system.stack.base_url, ledger, photos, chance),
        ):
            scene = Scene(system, client, photos)
            for fault in faults:
                await asyncio.sleep(_QUIET_SECONDS)
                seconds[fault.name] = await _strike(scene, fault, ledger)
        await _wait_for_the_end(system)
        verdict = await audit(system, ledger)
    unbroken = [NO_FAULT, *(fault.name for fault in faults if not fault.breaks_lines)]
    for name in unbroken:
        if broken := ledger.answers[name]["broken"]:
            ledger.surprises[name].append(f"{broken} connections broke")
    return Round(verdict, ledger, seconds)


async def _strike(scene: Scene, fault: Fault, ledger: Ledger) -> float:
    ledger.fault = fault.name
    scene.strike_now()
    try:
        async with fault.strike(scene):
            await _wait_until_normal(scene)
            seconds = asyncio.get_running_loop().time() - scene.struck_at
    except (NotInTimeError, TimeoutError) as error:
        ledger.surprise(str(error) or "uploads were not taken again")
        seconds = asyncio.get_running_loop().time() - scene.struck_at
    sys.stderr.write(f"{seconds:6.1f} s  {fault.name}\n")
    return seconds


async def _wait_until_normal(scene: Scene) -> None:
    """Wait until a new upload is taken and processed, and everything before it has ended."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _NORMAL_SECONDS
    while not await scene.client.is_ready():
        _give_up_after(deadline)
        await asyncio.sleep(_PAUSE_SECONDS)
    async with asyncio.timeout_at(deadline):
        await scene.client.upload([scene.photos.jpeg()])
    newest = await scene.system.value("SELECT max(id) FROM photos")
    while await scene.system.value(
        "SELECT count(*) FROM photos WHERE status = 'PENDING' AND id <= $1", newest
    ):
        _give_up_after(deadline)
        await asyncio.sleep(_PAUSE_SECONDS)


def _give_up_after(deadline: float) -> None:
    if asyncio.get_running_loop().time() > deadline:
        raise NotInTimeError(f"not everything was as usual after {_NORMAL_SECONDS:.0f} s")


async def _wait_for_the_end(system: SystemUnderTest) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _NORMAL_SECONDS
    while await system.value("SELECT count(*) FROM photos WHERE status = 'PENDING'"):
        if loop.time() > deadline:
            return  # the audit counts what is stuck
        await asyncio.sleep(_PAUSE_SECONDS)


@asynccontextmanager
async def _new_system() -> AsyncIterator[SystemUnderTest]:
    with ExitStack() as context:
        folder = context.enter_context(temporary_folder())
        if can_mount():
            context.enter_context(own_disk(folder / "objects"))
        yield SystemUnderTest(context.enter_context(temporary_stack(SETTINGS, folder)))
