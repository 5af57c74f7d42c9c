"""What the metrics tell of the outbox and the backlog."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import asyncpg
import pytest
from prometheus_client import REGISTRY

from ingest_service import backlog_gauges
from ingest_service.backlog_gauges import BacklogGauges
from ingest_service.outbox_relay import OutboxRelay
from photo_domain.task_state import TaskStage
from photo_records.outbox import RepublishReason
from photo_records.task_queue import Lane

Photos = Callable[..., Awaitable[list[str]]]

LONG_AGO = "now() - interval '10 minutes'"
LEASED = {"started_at": LONG_AGO, "revision": "2", "attempts": "1"}


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


@pytest.fixture
def gauges(pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> BacklogGauges:
    """Look without rest where they run."""
    monkeypatch.setattr(backlog_gauges, "_INTERVAL_SECONDS", 0.01)
    monkeypatch.setattr(backlog_gauges, "_PAUSE_FOR_EACH_SECOND", 1.0)
    return BacklogGauges(pool)


async def test_the_outbox_and_the_backlog_are_measured(
    relay: OutboxRelay, gauges: BacklogGauges, photos: Photos
) -> None:
    name = "photo_outbox_republished_total"
    before = value(name, reason=RepublishReason.NEVER_QUEUED) or 0
    await photos(2, enqueued_at="NULL", created_at=LONG_AGO)
    await photos(1)
    waits = {"next_attempt_at": "now() + interval '1 minute'"}
    await photos(1, **waits)
    await photos(1, enqueued_at="NULL", **waits)
    worked_on = {"lease_expires_at": "now() + interval '1 minute'", **LEASED}
    await photos(1, **worked_on)
    await photos(1, enqueued_at="NULL", **worked_on)
    await gauges.measure()
    await relay.relay_once()
    assert (value(name, reason=RepublishReason.NEVER_QUEUED) or 0) - before == 2
    assert value("photo_outbox_tasks", lane=Lane.INTERACTIVE) == 4
    oldest = value("photo_oldest_pending_task_seconds", lane=Lane.INTERACTIVE)
    assert oldest is not None
    assert 600 <= oldest < 700
    counts = {TaskStage.QUEUED: 3, TaskStage.PROCESSING: 2, TaskStage.WAITING_TO_RETRY: 2}
    for stage, count in counts.items():
        assert value("photo_backlog_tasks", lane=Lane.INTERACTIVE, stage=stage) == count
        assert value("photo_backlog_tasks", lane=Lane.BULK, stage=stage) == 0
    for name in ("photo_outbox_tasks", "photo_oldest_pending_task_seconds"):
        assert value(name, lane=Lane.BULK) == 0
    await gauges.measure()
    assert value("photo_outbox_tasks", lane=Lane.INTERACTIVE) == 2


@pytest.fixture
async def run() -> AsyncIterator[Callable[[Coroutine[Any, Any, None]], None]]:
    """Runs what goes on in the background, until the end of the test."""
    running: list[asyncio.Task[None]] = []
    yield lambda work: running.append(asyncio.create_task(work))
    for task in running:
        task.cancel()
    await asyncio.wait(running)


async def test_the_gauges_follow_the_backlog_while_the_service_runs(
    gauges: BacklogGauges, photos: Photos, run: Any, eventually: Any
) -> None:
    run(gauges.run())
    await photos(3)
    queued = {"lane": Lane.INTERACTIVE, "stage": TaskStage.QUEUED}
    await eventually(lambda: value("photo_backlog_tasks", **queued) == 3)


async def test_the_gauges_go_on_after_the_database_was_away(
    gauges: BacklogGauges, monkeypatch: pytest.MonkeyPatch, run: Any, eventually: Any
) -> None:
    look = backlog_gauges.backlog_of_lanes
    troubles = iter([OSError(), RuntimeError("a bug")])

    async def troubled(pool: asyncpg.Pool) -> Any:
        for trouble in troubles:
            raise trouble
        return await look(pool)

    monkeypatch.setattr(backlog_gauges, "backlog_of_lanes", troubled)
    began = time.time()
    run(gauges.run())
    name = "photo_backlog_last_look_timestamp_seconds"
    await eventually(lambda: (value(name) or 0) >= began)


async def test_a_replica_that_lost_its_database_stops_telling_old_figures(
    gauges: BacklogGauges,
    photos: Photos,
    monkeypatch: pytest.MonkeyPatch,
    run: Any,
    eventually: Any,
) -> None:
    await photos(3)
    await gauges.measure()
    queued = {"lane": Lane.INTERACTIVE, "stage": TaskStage.QUEUED}
    assert value("photo_backlog_tasks", **queued) == 3

    looks = []

    async def away(_pool: asyncpg.Pool) -> Any:
        looks.append(1)
        raise OSError

    monkeypatch.setattr(backlog_gauges, "backlog_of_lanes", away)
    run(gauges.run())
    # One look that fails says little.
    await eventually(lambda: len(looks) > 2)
    assert value("photo_backlog_tasks", **queued) == 3
    monkeypatch.setattr(backlog_gauges, "_KNOWN_SECONDS", 0.0)
    for name, labels in {
        "photo_backlog_tasks": queued,
        "photo_oldest_pending_task_seconds": {"lane": Lane.INTERACTIVE},
        "photo_outbox_tasks": {"lane": Lane.INTERACTIVE},
    }.items():
        await eventually(lambda: value(name, **labels) is None)  # noqa: B023 - at once
    assert value("photo_backlog_last_look_timestamp_seconds")


async def test_the_relay_says_when_it_got_through_the_outbox(
    relay: OutboxRelay, run: Any, eventually: Any
) -> None:
    began = time.time()
    run(relay.run())
    name = "photo_outbox_relay_last_run_timestamp_seconds"
    await eventually(lambda: (value(name) or 0) >= began)
