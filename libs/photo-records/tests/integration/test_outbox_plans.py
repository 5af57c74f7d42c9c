"""The relay reads what is due out of an index that holds nothing else."""

import asyncpg
import pytest

from photo_records import outbox
from photo_records.outbox import RepublishReason


@pytest.mark.parametrize(
    ("reason", "index"),
    [
        (RepublishReason.NEVER_QUEUED, "photos_unqueued_idx"),
        (RepublishReason.ATTEMPT_DUE, "photos_postponed_idx"),
        (RepublishReason.LEASE_EXPIRED, "photos_leased_idx"),
    ],
)
async def test_what_is_due_comes_in_the_order_of_its_own_index(
    pool: asyncpg.Pool, reason: RepublishReason, index: str
) -> None:
    statement = outbox._TAKE.format(due=outbox._DUE[reason], order=outbox._ORDER[reason])
    async with pool.acquire() as connection, connection.transaction():
        # So few rows are read faster without an index, and sorted faster than they are looked up.
        await connection.execute("SET LOCAL enable_seqscan = off")
        await connection.execute("SET LOCAL enable_bitmapscan = off")
        await connection.execute("SET LOCAL enable_sort = off")
        rows = await connection.fetch(f"EXPLAIN {statement}", 500)
    plan = "\n".join(row[0] for row in rows)
    assert f"Index Scan using {index} on photos" in plan
