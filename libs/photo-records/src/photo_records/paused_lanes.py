"""Lanes of which nothing is published for now: a row each."""

import asyncpg

from photo_records.registration import Connection
from photo_records.task_queue import Lane

_PAUSE = "INSERT INTO paused_lanes (lane, paused_by) VALUES ($1, $2) ON CONFLICT (lane) DO NOTHING"

# What could not be tried while the lane was paused was not in trouble all that time.
_RESUME = """
WITH resumed AS (DELETE FROM paused_lanes WHERE lane = $1 RETURNING lane),
forgiven AS (
    UPDATE photos SET postponed_since = NULL FROM resumed
    WHERE photos.lane = resumed.lane AND status = 'PENDING' AND postponed_since IS NOT NULL
)
SELECT EXISTS (SELECT FROM resumed)
"""


async def pause_lane(connection: Connection, lane: Lane, paused_by: str) -> bool:
    """Pause the lane in the name of that operator; False if it was paused already, as it stays."""
    return await connection.execute(_PAUSE, lane, paused_by) == "INSERT 0 1"


async def resume_lane(connection: Connection, lane: Lane) -> bool:
    """End the pause of the lane; False if it was not paused.

    Its postponed tasks have their whole time again until they end in FAILURE.
    """
    return bool(await connection.fetchval(_RESUME, lane))


async def find_paused_lanes(pool: asyncpg.Pool) -> frozenset[Lane]:
    """The lanes that are paused now."""
    rows = await pool.fetch("SELECT lane FROM paused_lanes")
    return frozenset(Lane(row["lane"]) for row in rows)
