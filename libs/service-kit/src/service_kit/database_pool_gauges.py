"""What the metrics tell of a service's connections to its database."""

from typing import Protocol

from prometheus_client import Gauge

_CONNECTIONS = Gauge(
    "photo_database_connections", "Connections to Postgres that are open", ["state"]
)
_LIMIT = Gauge("photo_database_connections_limit", "The most connections that the pool opens")


class ConnectionPool(Protocol):
    """What asyncpg's pool tells of itself."""

    def get_size(self) -> int:
        """How many connections are open."""

    def get_idle_size(self) -> int:
        """How many of them nobody uses."""

    def get_max_size(self) -> int:
        """How many there may be."""


def watch_pool(pool: ConnectionPool) -> None:
    """Tell how many connections of the service's only pool are busy and idle, at each scrape."""
    _CONNECTIONS.labels("busy").set_function(lambda: pool.get_size() - pool.get_idle_size())
    _CONNECTIONS.labels("idle").set_function(pool.get_idle_size)
    _LIMIT.set(pool.get_max_size())
