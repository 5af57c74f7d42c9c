"""What tells that the database is out of reach, or cannot do its work for now."""

import asyncpg

# A refused socket is a plain OSError, an overdue answer a TimeoutError. The classes of Postgres:
# https://www.postgresql.org/docs/current/errcodes-appendix.html.
DATABASE_DOWN = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    # A line that breaks in the middle of an answer.
    asyncpg.InternalClientError,
    # 08: the connection is lost.
    asyncpg.PostgresConnectionError,
    # 53: too many connections, no disk or memory left.
    asyncpg.InsufficientResourcesError,
    # 55: nobody may connect to it for now, or something is locked for too long.
    asyncpg.ObjectNotInPrerequisiteStateError,
    # 57: it starts, stops, crashed, or someone cancelled the statement.
    asyncpg.OperatorInterventionError,
    # 58: its files cannot be read or written.
    asyncpg.PostgresSystemError,
    # A primary that has become a standby.
    asyncpg.ReadOnlySQLTransactionError,
)
