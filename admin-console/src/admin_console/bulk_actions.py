"""Actions on all photos of a filter: their rows, which any replica may work off."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from admin_console.photo_actions import Asker
from photo_records.bulk_action_table import BulkActionState, PhotoAction
from photo_records.registration import Connection

# How many photos are counted before an operator confirms, and for the progress.
MOST_MATCHED = 10_000

_COLUMNS = """
id, operator, address, request_id, action, filter, matched, state, done, refused, cursor, trouble,
claim, created_at, finished_at
"""

_CREATE = """
INSERT INTO bulk_actions (operator, address, request_id, action, filter, matched, question_id)
VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7)
ON CONFLICT (question_id) DO NOTHING
RETURNING id
"""

# Each in turn: first those that nobody has worked on, then those that were left longest ago.
_TAKE = f"""
UPDATE bulk_actions
SET claim = claim + 1, lease_expires_at = now() + $1 * interval '1 second'
WHERE id = (
    SELECT id FROM bulk_actions
    WHERE state = 'running' AND (lease_expires_at IS NULL OR lease_expires_at <= now())
    ORDER BY lease_expires_at NULLS FIRST, id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING {_COLUMNS}
"""  # noqa: S608 - made of constants

_FENCE = "id = $1 AND claim = $2 AND state = 'running'"

_KEEP = f"""
UPDATE bulk_actions
SET lease_expires_at = now() + $3 * interval '1 second', done = done + $4, refused = refused + $5,
    trouble = $6
WHERE {_FENCE}
"""  # noqa: S608 - made of constants

_RELEASE = f"""
UPDATE bulk_actions SET lease_expires_at = now(), cursor = coalesce($3, cursor) WHERE {_FENCE}
"""  # noqa: S608 - made of constants

_END = """
UPDATE bulk_actions
SET state = $2, finished_at = now(), lease_expires_at = NULL, trouble = NULL
WHERE id = $1 AND state = 'running' AND ($3::integer IS NULL OR claim = $3)
"""

_STOP_THOSE_OF = """
UPDATE bulk_actions
SET state = 'stopped', finished_at = now(), lease_expires_at = NULL, trouble = NULL
WHERE operator = $1 AND state = 'running'
RETURNING id
"""

_FIND = f"SELECT {_COLUMNS} FROM bulk_actions WHERE id = $1"  # noqa: S608 - made of constants

_FIND_ANSWER = "SELECT id FROM bulk_actions WHERE question_id = $1"

_PAGE = f"""
SELECT {_COLUMNS} FROM bulk_actions WHERE id < $1 ORDER BY id DESC LIMIT $2
"""  # noqa: S608 - made of constants

_BEFORE_NONE = 2**63 - 1


def target_of(action_id: int) -> str:
    """The action as the audit log names it."""
    return f"bulk action {action_id}"


@dataclass(frozen=True, slots=True)
class BulkAction:
    """An action on every photo of a filter."""

    id: int
    asker: Asker
    action: PhotoAction
    # As `photo_query.read_photo_query` takes it.
    fields: Mapping[str, str]
    # None for more than MOST_MATCHED.
    matched: int | None
    state: BulkActionState
    done: int
    refused: int
    cursor: str | None
    trouble: str | None
    claim: int
    created_at: datetime
    finished_at: datetime | None

    @property
    def is_running(self) -> bool:
        """Whether it has neither ended nor been stopped."""
        return self.state is BulkActionState.RUNNING


async def create_bulk_action(
    connection: Connection,
    asker: Asker,
    action: PhotoAction,
    fields: Mapping[str, str],
    matched: int | None,
    question_id: UUID,
) -> int | None:
    """Ask for the action; its id, None where that question was answered before."""
    row_id: int | None = await connection.fetchval(
        _CREATE,
        asker.operator,
        asker.address,
        asker.request_id,
        action,
        json.dumps(dict(fields)),
        matched,
        question_id,
    )
    return row_id


async def find_answer(connection: Connection, question_id: UUID) -> int:
    """The id of the action that was asked for as the answer to that question."""
    row_id: int = await connection.fetchval(_FIND_ANSWER, question_id)
    return row_id


async def take_bulk_action(pool: asyncpg.Pool, lease_seconds: float) -> BulkAction | None:
    """An action that nobody works on, which is the caller's now; None where there is none."""
    row = await pool.fetchrow(_TAKE, lease_seconds)
    return _bulk_action(row) if row else None


async def keep_bulk_action(
    pool: asyncpg.Pool,
    taken: BulkAction,
    lease_seconds: float,
    *,
    done: int = 0,
    refused: int = 0,
    trouble: str | None = None,
) -> bool:
    """Count so many more photos and renew the lease; False where it is not the caller's now."""
    status = await pool.execute(_KEEP, taken.id, taken.claim, lease_seconds, done, refused, trouble)
    return status == "UPDATE 1"


async def release_bulk_action(
    pool: asyncpg.Pool, taken: BulkAction, cursor: str | None = None
) -> bool:
    """Let whoever takes it next go on from `cursor`; False where it is not the caller's any more.

    Without a cursor from where the caller began.
    """
    return await pool.execute(_RELEASE, taken.id, taken.claim, cursor) == "UPDATE 1"


async def end_bulk_action(
    connection: Connection, action_id: int, state: BulkActionState, claim: int | None = None
) -> bool:
    """End it, for its taker with that claim or for anybody; False where it was not running."""
    return await connection.execute(_END, action_id, state, claim) == "UPDATE 1"


async def stop_bulk_actions_of(connection: Connection, operator: str) -> list[int]:
    """Stop all that the operator of that name asked for; the ids of those that were running."""
    return sorted(row["id"] for row in await connection.fetch(_STOP_THOSE_OF, operator))


async def find_bulk_action(pool: asyncpg.Pool, action_id: int) -> BulkAction | None:
    """The action with this id, if there is one."""
    row = await pool.fetchrow(_FIND, action_id)
    return _bulk_action(row) if row else None


async def list_bulk_actions(
    pool: asyncpg.Pool, before: int | None, limit: int
) -> Sequence[BulkAction]:
    """Up to `limit` actions, newest first, that were asked for before the one with id `before`."""
    rows = await pool.fetch(_PAGE, _BEFORE_NONE if before is None else before, limit)
    return [_bulk_action(row) for row in rows]


def _bulk_action(row: asyncpg.Record) -> BulkAction:
    return BulkAction(
        id=row["id"],
        asker=Asker(row["operator"], row["address"], row["request_id"]),
        action=PhotoAction(row["action"]),
        fields=json.loads(row["filter"]),
        matched=row["matched"],
        state=BulkActionState(row["state"]),
        done=row["done"],
        refused=row["refused"],
        cursor=row["cursor"],
        trouble=row["trouble"],
        claim=row["claim"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
    )
