"""Lanes are paused and resumed, and the outbox keeps what belongs to a paused one."""

from collections.abc import Callable

import asyncpg
import pytest

from photo_records.outbox import (
    NOTHING_WAITS,
    RepublishReason,
    take_due,
)
from photo_records.paused_lanes import find_paused_lanes, pause_lane, resume_lane
from photo_records.registration import NewBatch, insert_batches
from photo_records.task_queue import Lane


async def test_a_lane_is_paused_until_it_is_resumed(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        assert await pause_lane(connection, Lane.BULK, "ann")
        assert await find_paused_lanes(pool) == {Lane.BULK}
        assert await resume_lane(connection, Lane.BULK)
        assert await find_paused_lanes(pool) == frozenset()


async def test_both_can_be_repeated_and_a_pause_keeps_its_author(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        assert not await resume_lane(connection, Lane.BULK)
        await pause_lane(connection, Lane.BULK, "ann")
        assert not await pause_lane(connection, Lane.BULK, "bob")
        row = await pool.fetchrow("SELECT * FROM paused_lanes")
    assert row is not None
    assert (row["lane"], row["paused_by"]) == ("bulk", "ann")
    assert row["paused_at"] is not None


async def test_a_resume_gives_postponed_tasks_of_the_lane_their_whole_time_again(
    pool: asyncpg.Pool, make_batch: Callable[..., NewBatch]
) -> None:
    async with pool.acquire() as connection:
        await insert_batches(connection, [make_batch(1, lane=lane) for lane in Lane])
        await connection.execute(
            "UPDATE photos SET postponed_since = now(), next_attempt_at = now(), postponements = 3"
        )
        await resume_lane(connection, Lane.BULK)
        waiting = "SELECT lane FROM photos WHERE postponed_since IS NOT NULL ORDER BY lane"
        lanes = [row["lane"] for row in await connection.fetch(waiting)]
        assert lanes == ["bulk", "interactive"], "nothing was paused"
        await pause_lane(connection, Lane.BULK, "ann")
        assert await resume_lane(connection, Lane.BULK)
        assert [row["lane"] for row in await connection.fetch(waiting)] == ["interactive"]
        counted = "SELECT count(*) FROM photos WHERE next_attempt_at < now() AND postponements = 3"
        assert await connection.fetchval(counted) == 2


async def test_the_database_knows_no_other_lane(pool: asyncpg.Pool) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute("INSERT INTO paused_lanes (lane, paused_by) VALUES ('slow', 'ann')")


DUE = {
    RepublishReason.NEVER_QUEUED: "created_at = now() - interval '1 hour'",
    RepublishReason.ATTEMPT_DUE: "next_attempt_at = now() - interval '1 second'",
    RepublishReason.LEASE_EXPIRED: (
        "started_at = now(), lease_expires_at = now() - interval '1 second'"
    ),
    RepublishReason.MESSAGE_LOST: "enqueued_at = now() - interval '1 hour'",
}


@pytest.mark.parametrize("reason", list(RepublishReason))
async def test_nothing_of_a_paused_lane_is_taken_for_any_reason(
    pool: asyncpg.Pool, make_batch: Callable[..., NewBatch], reason: RepublishReason
) -> None:
    async with pool.acquire() as connection:
        batches = [make_batch(2, lane=lane) for lane in Lane]
        await insert_batches(connection, batches)
        await pool.execute(f"UPDATE photos SET {DUE[reason]}")
        await pause_lane(connection, Lane.BULK, "ann")
        nothing_waits = dict.fromkeys(Lane, NOTHING_WAITS)
        for paused in (True, False):
            async with connection.transaction():
                taken = await take_due(connection, reason, 10, nothing_waits)
            lanes = {Lane.INTERACTIVE} if paused else set(Lane)
            assert {task.lane for task in taken} == lanes
            assert len(taken) == 2 * len(lanes)
            await resume_lane(connection, Lane.BULK)
