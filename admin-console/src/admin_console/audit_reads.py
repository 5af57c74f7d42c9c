"""What the audit log says, newest first."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

_BEFORE_NONE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what, to what, when and from where."""

    id: int
    at: datetime
    operator: str
    address: str
    action: str
    target: str
    details: dict[str, Any]
    request_id: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """All that is not None has to be so."""

    operator: str | None = None
    action: str | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Lines, and the `before` of the page that follows; None at the end."""

    lines: tuple[AuditLine, ...]
    next: int | None


async def read_audit_log(
    pool: asyncpg.Pool, wanted: AuditFilter, before: int | None, limit: int
) -> AuditPage:
    """Up to `limit` lines that were written before the one with id `before`.

    Each column of the filter has an index that ends in the id, so that no page is sorted.
    """
    conditions, values = ["id < $1"], [_BEFORE_NONE if before is None else before, limit + 1]
    for column in ("operator", "action", "target"):
        if (value := getattr(wanted, column)) is not None:
            values.append(value)
            conditions.append(f"{column} = ${len(values)}")
    rows = await pool.fetch(
        "SELECT id, at, operator, address, action, target, details, request_id FROM audit_log"  # noqa: S608 - made of constants
        f" WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT $2",
        *values,
    )
    lines = tuple(map(_line, rows[:limit]))
    return AuditPage(lines, lines[-1].id if len(rows) > limit else None)


async def lines_about(pool: asyncpg.Pool, target: str, limit: int) -> Sequence[AuditLine]:
    """The newest lines about a task, a lane or a bulk action, which `target` names."""
    return (await read_audit_log(pool, AuditFilter(target=target), None, limit)).lines


def _line(row: asyncpg.Record) -> AuditLine:
    return AuditLine(**{**row, "details": json.loads(row["details"])})
