"""What Postgres does for a statement, and how long it took."""

import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_LARGE = {"photos", "batches", "renditions", "failed_attempts"}
# What is PENDING or failed may be looked through, since it is little.
MOST_IN_VAIN = 0.05
Node = dict[str, Any]


@dataclass(slots=True)
class Watched:
    """A connection and the statements that it executed."""

    connection: AsyncConnection
    statements: list[tuple[str, Any]] = field(default_factory=list)
    seconds: float = 0.0


@asynccontextmanager
async def watched(
    engine: AsyncEngine, most_in_vain: float = MOST_IN_VAIN
) -> AsyncIterator[Watched]:
    """Watches what the block executes, and refuses plans that read or sort too much of the table.

    `most_in_vain` is the share of the photos that an index may lead to for nothing.
    """
    async with engine.connect() as connection:
        seen = Watched(connection)

        def note(*arguments: Any) -> None:
            seen.statements.append((arguments[2], arguments[3]))

        assert connection.sync_connection
        event.listen(connection.sync_connection, "before_cursor_execute", note)
        began = time.perf_counter()
        yield seen
        seen.seconds = time.perf_counter() - began
        event.remove(connection.sync_connection, "before_cursor_execute", note)
        await _refuse_plans_of_the_whole_table(seen, most_in_vain)


async def _refuse_plans_of_the_whole_table(seen: Watched, share_in_vain: float) -> None:
    count = await _count(seen.connection, "photos")
    most_sorted, most_in_vain = 0.03 * count, share_in_vain * count
    for statement, values in seen.statements:
        answer = await seen.connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", values
        )
        plan = answer.scalar_one()
        plan = json.loads(plan) if isinstance(plan, str) else plan
        for node in _nodes(plan[0]["Plan"]):
            name, kind = node.get("Relation Name"), node["Node Type"]
            assert not (kind == "Seq Scan" and name in _LARGE), f"{kind} of {name}: {statement}"
            # What is PENDING has no index of its names, and is little.
            sorted_rows = node["Plans"][0]["Actual Rows"] if kind == "Sort" else 0
            assert sorted_rows <= most_sorted, f"a sort of {sorted_rows} rows: {statement}"
            # What an index leads to and is not wanted was read in vain.
            read_in_vain = node.get("Rows Removed by Filter", 0) * node["Actual Loops"]
            assert read_in_vain <= most_in_vain, f"{read_in_vain} rows in vain: {statement}"


async def _count(connection: AsyncConnection, table: str) -> int:
    answer = await connection.exec_driver_sql(
        f"SELECT reltuples::bigint FROM pg_class WHERE relname = '{table}'"
    )
    return int(answer.scalar_one())


def _nodes(plan: Node) -> Iterator[Node]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)
