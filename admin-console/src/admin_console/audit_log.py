"""What operators did: who, what, when, from where. Lines are added, and never changed."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from starlette.requests import Request

from admin_console.operators import operator_of
from admin_console.request_address import address_of
from photo_records.registration import Connection
from service_kit.request_id import current_request_id

_RECORD = """
INSERT INTO audit_log (operator, address, action, target, details, request_id)
VALUES ($1, $2, $3, $4, $5::jsonb, $6)
"""


_RECORD_EACH = """
INSERT INTO audit_log (operator, address, action, target, details, request_id)
SELECT $1, $2, $3, target, $5::jsonb, $6 FROM unnest($4::text[]) AS target
"""


async def record(
    connection: Connection,
    operator: str,
    action: str,
    target: str,
    details: Mapping[str, Any],
    address: str,
    request_id: str,
) -> None:
    """Add a line: what the operator of that name did, to what, and from which address."""
    text = json.dumps(dict(details), ensure_ascii=False)
    await connection.execute(_RECORD, operator, address, action, target, text, request_id)


async def record_each(
    pool: asyncpg.Pool,
    operator: str,
    action: str,
    targets: Sequence[str],
    details: Mapping[str, Any],
    address: str,
    request_id: str,
) -> None:
    """Add a line for each target, all or none."""
    text = json.dumps(dict(details), ensure_ascii=False)
    await pool.execute(_RECORD_EACH, operator, address, action, list(targets), text, request_id)


async def record_act(
    connection: Connection,
    request: Request,
    action: str,
    target: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add a line about what the operator who sent `request` did."""
    await record(
        connection,
        operator_of(request).name,
        action,
        target,
        details or {},
        address_of(request),
        current_request_id(),
    )
