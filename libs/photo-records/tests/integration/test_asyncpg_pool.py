"""What the database does for a service that vanishes."""

import asyncpg


async def test_the_database_gives_up_a_service_that_vanished(pool: asyncpg.Pool) -> None:
    # A connection that comes back to the pool is reset.
    for _ in range(2):
        async with pool.acquire() as connection:
            settings = {row["name"]: row["setting"] for row in await connection.fetch("SHOW ALL")}
            assert settings["idle_in_transaction_session_timeout"] == "15s"
            assert settings["tcp_keepalives_idle"] == "30"
            assert settings["tcp_keepalives_interval"] == "10"
            assert settings["tcp_keepalives_count"] == "3"
