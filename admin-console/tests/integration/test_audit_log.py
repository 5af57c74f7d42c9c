"""Nobody edits the audit log."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from admin_console.audit_log import record

CHANGES = [
    "UPDATE audit_log SET operator = 'somebody else'",
    "UPDATE audit_log SET operator = operator WHERE false",
    "DELETE FROM audit_log",
    "TRUNCATE audit_log",
    "TRUNCATE admin_login_failures, audit_log",
    "WITH gone AS (DELETE FROM audit_log RETURNING id) SELECT * FROM gone",
]


async def test_what_is_written_stays_as_it_is(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        await record(connection, "ann", "retry", "a task", {"name": "ü\u2028"}, "192.0.2.1", "id")
        for statement in CHANGES:
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only ever added to"):
                await connection.execute(statement)
    rows = await pool.fetch("SELECT operator, details->>'name' AS name FROM audit_log")
    assert [tuple(row) for row in rows] == [("ann", "ü\u2028")]


async def test_old_lines_can_be_moved_as_the_manual_says(pool: asyncpg.Pool) -> None:
    manual = (Path(__file__).parents[3] / "docs/operations.md").read_text("utf-8")
    [statements] = [
        each for each in re.findall(r"```sql\n(.*?)```", manual, re.DOTALL) if "audit_log" in each
    ]
    await pool.execute(
        "INSERT INTO audit_log (at, operator, address, action, target, request_id)"
        " SELECT at, 'ann', '', 'retry', '', '' FROM unnest($1::timestamptz[]) AS at",
        [datetime(2026, 12, 31, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)],
    )
    await pool.execute(statements)
    assert await pool.fetchval("SELECT array_agg(at) FROM audit_log_until_2027") == [
        datetime(2026, 12, 31, tzinfo=UTC)
    ]
    assert await pool.fetchval("SELECT array_agg(at) FROM audit_log") == [
        datetime(2027, 1, 1, tzinfo=UTC)
    ]
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only ever added to"):
        await pool.execute("DELETE FROM audit_log")


async def test_a_line_names_the_request_that_it_is_of(site: Any) -> None:
    visitor = await site.signed_in()
    token = await visitor.csrf_token()
    await visitor.post(
        "/admin/logout", data={"csrf_token": token}, headers={"X-Request-ID": "asked-for-17"}
    )
    named = await site.console.pool.fetchval(
        "SELECT action FROM audit_log WHERE request_id = 'asked-for-17'"
    )
    assert named == "logout"
