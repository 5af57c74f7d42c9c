"""Reads that operators begin: each has an end, and a plan that fits what it looks for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

_LONGEST_SECONDS = 5
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_QUERY_CANCELED = "57014"

# A plan that is made once for all values cannot use the indexes that hold some values only. And a
# page is read from an index in its order until it is full: a scan of the table, or a bitmap, would
# find all its rows first.
_BOUNDED = text(
    f"SELECT set_config('statement_timeout', '{_LONGEST_SECONDS}s', true),"
    " set_config('plan_cache_mode', 'force_custom_plan', true),"
    " set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)"
)


class ReadTooSlowError(Exception):
    """The database looked for five seconds and gave up; the transaction has to be rolled back."""

    def __init__(self) -> None:
        super().__init__("The search took too long; narrow it, for example to a few days.")


class UnknownPlaceError(ValueError):
    """What should name a place in a list does not."""


@asynccontextmanager
async def bounded_read(connection: AsyncConnection) -> AsyncIterator[None]:
    """Bound the statements of the block, and those after it in the same transaction.

    Raises ReadTooSlowError.
    """
    await connection.execute(_BOUNDED)
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _QUERY_CANCELED:
            raise ReadTooSlowError from error
        raise
