"""Which workers are there, and what they do: Celery's remote control asks them.

https://docs.celeryq.dev/en/stable/userguide/monitoring.html. A worker answers from its event loop,
beside its processes: asking costs it next to nothing.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import kombu.exceptions
import redis
import structlog
from celery import Celery

from admin_console.kept_read import KeptRead

# How long answers are waited for: who is there answers within milliseconds, but nobody knows how
# many there are.
_ANSWER_SECONDS = 1.0
_CONNECT_SECONDS = 1.0
# A frozen broker, in seconds for each step.
_SOCKET_SECONDS = 2.0
# A look serves everybody who asks for so long.
_FRESH_SECONDS = 5.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RunningTask:
    """What a process of a worker is at; `task_id` is the photo's."""

    task_id: str
    started_at: datetime | None


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that answered."""

    name: str
    # How many photos at a time.
    concurrency: int
    # Since its start.
    finished_count: int
    uptime_seconds: int
    running: tuple[RunningTask, ...]


@dataclass(frozen=True, slots=True)
class WorkersSeen:
    """Who answered at that time; `broker_answers` tells whether anybody could."""

    seen_at: datetime
    broker_answers: bool
    workers: tuple[Worker, ...]


class WorkerWatch:
    """Asks the workers, at most once in 5 seconds however many people look."""

    def __init__(self, redis_url: str) -> None:
        self._app = Celery("admin-console", broker=redis_url, set_as_current=False)
        self._app.conf.update(
            broker_connection_timeout=_CONNECT_SECONDS,
            broker_transport_options={
                "socket_timeout": _SOCKET_SECONDS,
                "socket_connect_timeout": _CONNECT_SECONDS,
                "max_retries": 0,
            },
        )
        # One thread has one queue for answers, which those that come late find again.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="celery-inspect")
        self._seen = KeptRead(self._look, _FRESH_SECONDS)

    async def look(self) -> WorkersSeen:
        """Who is there; takes a second, or a few where the broker is frozen."""
        return await self._seen.get()

    async def close(self) -> None:
        """Close the connections; a look that is under way ends first."""
        await asyncio.to_thread(self._thread.shutdown)
        await asyncio.to_thread(self._app.close)

    async def _look(self) -> WorkersSeen:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._ask)

    def _ask(self) -> WorkersSeen:
        now = datetime.now(UTC)
        try:
            # A connection of its own: one of a pool may have died since the last look.
            with self._app.connection_for_write() as connection:
                inspect = self._app.control.inspect
                stats = inspect(timeout=_ANSWER_SECONDS, connection=connection).stats() or {}
                active: Mapping[str, Any] = {}
                if stats:
                    active = (
                        inspect(
                            list(stats),
                            timeout=_ANSWER_SECONDS,
                            limit=len(stats),
                            connection=connection,
                        ).active()
                        or {}
                    )
        except (kombu.exceptions.KombuError, redis.RedisError, OSError) as error:
            _log.warning("workers_not_asked", trouble=type(error).__name__)
            return WorkersSeen(now, broker_answers=False, workers=())
        workers = [_worker(name, told, active.get(name) or ()) for name, told in stats.items()]
        return WorkersSeen(
            now, broker_answers=True, workers=tuple(sorted(workers, key=lambda each: each.name))
        )


def _worker(name: str, told: Any, active: Any) -> Worker:
    """What the answers of one worker say; a worker of another version may say less."""
    pool = _mapping(_mapping(told).get("pool"))
    return Worker(
        name=name,
        concurrency=_number(pool.get("max-concurrency")),
        finished_count=sum(map(_number, _mapping(_mapping(told).get("total")).values())),
        uptime_seconds=_number(_mapping(told).get("uptime")),
        running=tuple(_running_task(_mapping(each)) for each in active),
    )


def _running_task(told: Mapping[str, Any]) -> RunningTask:
    started = told.get("time_start")
    return RunningTask(
        task_id=str(told.get("id", "")),
        started_at=datetime.fromtimestamp(started, UTC) if isinstance(started, float) else None,
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: Any) -> int:
    return int(value) if isinstance(value, int | float) else 0
