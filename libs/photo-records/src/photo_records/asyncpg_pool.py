"""Connections for the asynchronous services."""

import asyncpg

_CONNECT_SECONDS = 5.0
# A query that takes longer has lost its database.
_COMMAND_SECONDS = 5.0
_IDLE_SECONDS = 300.0


async def open_pool(database_url: str, max_connections: int) -> asyncpg.Pool:
    """A pool that connects when first used, so that a service starts before its database."""
    return await asyncpg.create_pool(
        database_url,
        min_size=0,
        max_size=max_connections,
        timeout=_CONNECT_SECONDS,
        command_timeout=_COMMAND_SECONDS,
        max_inactive_connection_lifetime=_IDLE_SECONDS,
    )
