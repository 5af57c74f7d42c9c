"""The release before goes on over today's migrations, and makes room for today's services.

What is promised is: migrate first, then replace (docs/operations.md, "Upgrade and rollback").
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from release_upgrade.installation import SERVICES, Generation, installation
from release_upgrade.previous_release import NoReleaseError, Release, previous_release
from release_upgrade.strict_load import StrictLoad

from fault_campaign.audit import audit, watch_ends
from fault_campaign.ledger import Ledger
from fault_campaign.photos import PhotoMaker
from fault_campaign.system_under_test import SystemUnderTest
from local_stack.service_programs import GATEWAY, INGEST, STATUS, WORKER

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

_STEP_SECONDS = 90.0
_PAUSE_SECONDS = 0.1
# So many photos end in each step of the upgrade before the next one begins.
_PHOTOS_A_STEP = 15


@pytest.fixture(scope="module")
def release(request: pytest.FixtureRequest) -> Release:
    asked = request.config.getoption("--release")
    try:
        return previous_release(None if asked == "newest" else asked)
    except NoReleaseError as error:
        told = f"{error}: THE UPGRADE IS NOT TESTED"
        if asked:
            pytest.fail(told, pytrace=False)
        pytest.skip(told)


async def test_nobody_is_refused_anything_and_every_photo_has_one_result(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # no .env of the project is read
    ledger, photos = Ledger(), PhotoMaker()
    with installation(release.python, Path(sys.executable)) as place:
        old, new = place.old, place.new
        system = SystemUnderTest(place)  # type: ignore[arg-type]
        try:
            await old.migrate()
            await watch_ends(system)
            await old.start()
            async with StrictLoad(old.base_url, ledger, photos, seed=1) as before:
                await _go_on(ledger, "the release before, on its own schema")
                await new.migrate()
                await new.let_services_in()
                await _go_on(ledger, "the release before, on the schema of today")
                await new.start()
                async with StrictLoad(new.base_url, ledger, photos, seed=2) as after:
                    await _go_on(ledger, "both releases")
                    await _wait_until_each_has_worked(new)
                    # Whoever routes requests sends it none any more, and then it is stopped.
                    await before.finish()
                    for service in (GATEWAY, WORKER, INGEST, STATUS):
                        await old.stop(service)
                        await _go_on(ledger, f"without the {service} of the release before")
                    await after.finish()
            await _wait_until(lambda: _nothing_is_pending(system), "every photo ends")
            verdict = await audit(system, ledger)
            interrupted = await system.value("SELECT count(*) FROM failed_attempts")
        finally:
            await new.stop_all()
            await old.stop_all()
    assert dict(ledger.surprises) == {}
    assert {kind for answers in ledger.answers.values() for kind in answers} == {"200", "202"}
    assert verdict.details == {}
    assert (verdict.untold, verdict.wrong_counts, interrupted) == (0, 0, 0)
    assert (verdict.orphans_left, verdict.swept_wrongly) == (0, 0)
    assert verdict.acknowledged.total() > 7 * _PHOTOS_A_STEP


async def _go_on(ledger: Ledger, step: str) -> None:
    """Wait until so many more photos have ended, and name the step for what follows."""
    ledger.fault = step
    wanted = _ended(ledger) + _PHOTOS_A_STEP

    async def enough_ended() -> bool:
        return _ended(ledger) >= wanted

    await _wait_until(enough_ended, f"photos end: {step} {dict(ledger.answers[step])}")
    sys.stderr.write(f"{_ended(ledger):5} photos  {step}\n")


def _ended(ledger: Ledger) -> int:
    return len(ledger.acknowledged) - len(ledger.open_tasks())


async def _nothing_is_pending(system: SystemUnderTest) -> bool:
    return not await system.value("SELECT count(*) FROM photos WHERE status = 'PENDING'")


async def _wait_until_each_has_worked(generation: Generation) -> None:
    """Wait until each service of that release has done something: a metric of it says so."""
    signs = {
        GATEWAY: "photo_uploads_total{",
        INGEST: 'method="RegisterBatch"',
        STATUS: 'method="BatchGetTasks"',
        WORKER: "photo_worker_processing_seconds_count{",
    }
    async with httpx.AsyncClient(trust_env=False) as http:
        for service in SERVICES:
            address = f"http://127.0.0.1:{generation.metrics_ports[service]}/metrics"

            async def has_worked(address: str = address, sign: str = signs[service]) -> bool:
                return sign in (await http.get(address)).text

            await _wait_until(has_worked, f"{service} of today works")


async def _wait_until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _STEP_SECONDS
    while not await condition():
        assert loop.time() < deadline, what
        await asyncio.sleep(_PAUSE_SECONDS)
