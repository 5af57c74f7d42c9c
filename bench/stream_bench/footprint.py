"""What a stack takes of its machine: memory, threads, and connections of its backends."""

import re
from dataclasses import dataclass

import httpx
import psutil
import psycopg2
from redis import Redis

from local_stack.running_stack import RunningStack

SERVICES = ("upload-gateway", "status-service")


@dataclass(frozen=True, slots=True)
class Footprint:
    """At one moment; memory in bytes, by service where it is one's own."""

    memory: dict[str, int]
    threads: dict[str, int]
    database_connections: int
    redis_connections: int


def footprint(stack: RunningStack) -> Footprint:
    """What `stack` takes now, without the connections that it takes to ask."""
    processes = {name: psutil.Process(stack.processes()[name]["pid"]) for name in SERVICES}
    return Footprint(
        {name: process.memory_info().rss for name, process in processes.items()},
        {name: process.num_threads() for name, process in processes.items()},
        _database_connections(stack.database_url),
        _redis_connections(stack.redis_url),
    )


def open_watches(stack: RunningStack) -> int:
    """Streams that the status service holds open for the gateway."""
    port = stack.processes()["status-service"]["metrics_port"]
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    found = re.search(r"^photo_task_watch_streams (\S+)$", text, re.MULTILINE)
    return int(float(found[1])) if found else 0


def _database_connections(url: str) -> int:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                # Of sessions of others no more is shown than this.
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE usename LIKE 'photo%' AND pid <> pg_backend_pid()"
            )
            row = cursor.fetchone()
            return int(row[0]) if row else 0
    finally:
        connection.close()


def _redis_connections(url: str) -> int:
    with Redis.from_url(url) as client:
        return len(client.client_list()) - 1
