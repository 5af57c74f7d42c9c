"""A connection that is there in time, and what a change that lost it means."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import structlog

from photo_domain.errors import ErrorCode, RequestError
from photo_records.database_errors import DATABASE_DOWN

_ACQUIRE_SECONDS = 5.0
# To reset a connection, or to give up a query that took too long.
_RELEASE_SECONDS = 1.0

_log = structlog.get_logger(__name__)


class UnreachableError(Exception):
    """No connection could be had, so nothing was written."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@asynccontextmanager
async def connected(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
    """A connection of the pool. Raises UnreachableError when there is none in time."""
    try:
        connection = await pool.acquire(timeout=_ACQUIRE_SECONDS)
    except (*DATABASE_DOWN, asyncpg.PostgresError) as error:
        raise UnreachableError(type(error).__name__) from error
    try:
        yield connection
    finally:
        try:
            await pool.release(connection, timeout=_RELEASE_SECONDS)
        except (*DATABASE_DOWN, asyncpg.PostgresError) as error:
            # The pool drops it; what was written is known, or asked for, regardless.
            _log.warning("connection_dropped", error=type(error).__name__)


@asynccontextmanager
async def connected_for_change(
    pool: asyncpg.Pool,
) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
    """A connection for one statement that changes something.

    Raises RequestError: database_unavailable when nothing was changed, outcome_unknown when the
    connection was lost in the middle.
    """
    try:
        async with connected(pool) as connection:
            yield connection
    except UnreachableError as error:
        _log.warning("database_unavailable", error=error.reason)
        raise RequestError(
            ErrorCode.DATABASE_UNAVAILABLE, "The database does not answer; try again soon."
        ) from error
    except DATABASE_DOWN as error:
        _log.warning("change_interrupted", error=type(error).__name__)
        raise RequestError(
            ErrorCode.OUTCOME_UNKNOWN,
            "The database went away in the middle; look whether it was done before you try again.",
        ) from error
