"""How the service stands, held against plain SQL over all photos."""

from datetime import timedelta
from itertools import pairwise

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from photo_records.database_url import with_driver
from photo_records.service_overview import lane_backlogs, storage_by_owner, throughput

_BACKLOG = """
SELECT lane,
    count(*) FILTER (WHERE lease_expires_at IS NULL AND next_attempt_at IS NULL),
    count(*) FILTER (WHERE lease_expires_at IS NOT NULL),
    count(*) FILTER (WHERE next_attempt_at IS NOT NULL),
    min(created_at)
FROM photos WHERE status = 'PENDING' GROUP BY lane ORDER BY lane DESC
"""


async def test_the_backlog_of_each_lane_is_told_by_what_its_tasks_wait_for(
    engine: AsyncEngine, filled_url: str
) -> None:
    plain = await asyncpg.connect(filled_url)
    counted = [tuple(row) for row in await plain.fetch(_BACKLOG)]
    await plain.close()
    async with engine.connect() as connection:
        pause = "INSERT INTO paused_lanes (lane, paused_by) VALUES ('bulk', 'ann')"
        await connection.execute(text(pause))
        lanes = await lane_backlogs(connection)
        await connection.rollback()
    assert [
        (lane.lane, lane.queued, lane.running, lane.postponed, lane.oldest_pending)
        for lane in lanes
    ] == counted
    assert [lane.paused_by for lane in lanes] == [None, "ann"]


async def test_an_idle_service_is_told_as_such(database_url: str) -> None:
    engine = create_async_engine(with_driver(database_url, "asyncpg"))
    async with engine.connect() as connection:
        lanes = await lane_backlogs(connection)
        use = await storage_by_owner(connection)
        ended = await throughput(connection, timedelta(hours=1), timedelta(minutes=1))
    await engine.dispose()
    assert [(lane.lane, lane.queued, lane.oldest_pending) for lane in lanes] == [
        ("interactive", 0, None),
        ("bulk", 0, None),
    ]
    assert (use.owners, use.owner_count, use.bytes) == ((), 0, 0)
    assert len(ended.steps) == 60
    assert {(step.succeeded, step.failed) for step in ended.steps} == {(0, 0)}


async def test_what_ended_is_told_step_by_step_without_gaps(
    engine: AsyncEngine, filled_url: str
) -> None:
    async with engine.connect() as connection:
        told = await throughput(connection, timedelta(days=10), timedelta(hours=1))
    starts = [step.start for step in told.steps]
    assert len(starts) == 240
    assert {later - earlier for earlier, later in pairwise(starts)} == {timedelta(hours=1)}
    assert starts[-1] <= told.looked_at < starts[-1] + timedelta(hours=1)
    plain = await asyncpg.connect(filled_url)
    rows = await plain.fetch(
        "SELECT date_trunc('hour', finished_at, 'UTC') AS start,"
        " count(*) FILTER (WHERE status = 'SUCCESS') AS succeeded,"
        " count(*) FILTER (WHERE status = 'FAILURE') AS failed"
        " FROM photos WHERE finished_at >= $1 GROUP BY 1 ORDER BY 1",
        starts[0],
    )
    codes = await plain.fetch(
        "SELECT error_code, count(*) FROM photos"
        " WHERE status = 'FAILURE' AND finished_at >= $1 GROUP BY 1",
        starts[0],
    )
    await plain.close()
    ended = [
        (step.start, step.succeeded, step.failed)
        for step in told.steps
        if step.succeeded or step.failed
    ]
    assert ended == [tuple(row) for row in rows]
    assert dict(told.failures) == {row["error_code"]: row["count"] for row in codes}


async def test_the_owners_with_the_most_bytes_come_first(
    engine: AsyncEngine, filled_url: str
) -> None:
    async with engine.connect() as connection:
        use = await storage_by_owner(connection, 3)
    plain = await asyncpg.connect(filled_url)
    top = await plain.fetch(
        "SELECT owner, count(*), sum(size)::bigint FROM photos GROUP BY 1 ORDER BY 3 DESC LIMIT 3"
    )
    whole = await plain.fetchrow(
        "SELECT count(DISTINCT owner), count(*), sum(size)::bigint FROM photos"
    )
    await plain.close()
    assert [(owner.owner, owner.photos, owner.bytes) for owner in use.owners] == [
        tuple(row) for row in top
    ]
    assert whole
    assert (use.owner_count, use.photos, use.bytes) == tuple(whole)
