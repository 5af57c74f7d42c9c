"""Watchers are told when the relay brings a task back to the queue."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from ingest_service.outbox_relay import OutboxRelay
from ingest_service.paused_lanes import PausedLanes
from photo_records.task_changes import TaskChange

Photos = Callable[..., Awaitable[list[str]]]
LEASED = {"started_at": "now()", "revision": "2", "attempts": "1"}


@pytest.mark.parametrize(
    ("columns", "is_transition"),
    [
        ({"next_attempt_at": "now() - interval '1 second'"}, True),
        ({"lease_expires_at": "now() - interval '1 second'", **LEASED}, True),
        ({"enqueued_at": "NULL", "created_at": "now() - interval '6 seconds'"}, False),
        ({"enqueued_at": "now() - interval '61 seconds'"}, False),
    ],
    ids=["attempt due", "lease expired", "never queued", "message lost"],
)
async def test_a_task_is_told_where_its_stage_changes(
    pool: asyncpg.Pool,
    redis_url: str,
    open_broker: Any,
    photos: Photos,
    columns: dict[str, str],
    is_transition: bool,
) -> None:
    told: list[TaskChange] = []
    broker = open_broker(redis_url)
    broker.remember()
    relay = OutboxRelay(pool, broker, PausedLanes(pool), told.append)
    task_ids = await photos(2, **columns)
    batch_id = await pool.fetchval("SELECT batch_id FROM photos LIMIT 1")
    assert await relay.relay_once() == 2
    expected = [TaskChange(UUID(task_id), batch_id) for task_id in task_ids]
    assert told == (expected if is_transition else [])
    relay._thread.shutdown()
