"""Connections for the asynchronous services."""

import asyncpg

_CONNECT_SECONDS = 5.0
# A query that takes longer has lost its database.
_COMMAND_SECONDS = 5.0
_IDLE_SECONDS = 300.0
# How long a transaction may wait for its service, which the database then takes for lost: the rows
# that it locked are free again. A relay waits for the broker meanwhile, a few seconds at most.
_TRANSACTION_SECONDS = 15
# Whose machine vanished is given up after a minute, not after the two hours of TCP.
# https://www.postgresql.org/docs/current/runtime-config-connection.html
_KEEPALIVES = {
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}


class _PlainConnection(asyncpg.Connection):
    """Goes back to the pool as it is: nothing outlives a transaction that is set or locked in it.

    asyncpg would ask the database to reset it each time, a round trip for every query.
    """

    def get_reset_query(self) -> str:
        """None to send."""
        return ""


async def open_pool(database_url: str, max_connections: int) -> asyncpg.Pool:
    """A pool that connects when first used, so that a service starts before its database.

    Whoever sets or locks something for longer than a transaction has to close its connection.
    """
    return await asyncpg.create_pool(
        database_url,
        min_size=0,
        max_size=max_connections,
        connection_class=_PlainConnection,
        timeout=_CONNECT_SECONDS,
        command_timeout=_COMMAND_SECONDS,
        max_inactive_connection_lifetime=_IDLE_SECONDS,
        server_settings={
            "idle_in_transaction_session_timeout": f"{_TRANSACTION_SECONDS}s",
            **_KEEPALIVES,
        },
    )
