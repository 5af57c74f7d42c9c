"""The running system as the campaign sees it: its processes, its rows, its objects."""

import asyncio
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import redis

from local_stack.running_stack import RunningStack

TIME_LIMIT_SECONDS = 10
LEASE_SECONDS = TIME_LIMIT_SECONDS + 15
BULK_BATCH_FILES = 8
SETTINGS = {
    "TASK_TIME_LIMIT_SECONDS": str(TIME_LIMIT_SECONDS),
    "BULK_BATCH_FILES": str(BULK_BATCH_FILES),
    "WORKER_CONCURRENCY": "2",
}

_DATABASE_BACK_SECONDS = 60.0
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class HeldTask:
    """A task that a process of the worker holds."""

    task_id: str
    revision: int
    process: psutil.Process


class NotInTimeError(Exception):
    """Something that was waited for did not come."""


@dataclass(frozen=True)
class SystemUnderTest:
    """A stack that the campaign started."""

    stack: RunningStack

    @property
    def objects(self) -> Path:
        """The folder of the object store."""
        return self.stack.local_dir / "objects"

    def process(self, name: str) -> psutil.Process:
        """A process of the stack by its name."""
        return psutil.Process(self.stack.processes()[name]["pid"])

    def environment_of(self, name: str) -> Mapping[str, str]:
        """The settings of a running service, to start another one of its kind."""
        return self.process(name).environ()

    def flush_broker(self) -> None:
        """Let the broker forget everything."""
        with redis.Redis.from_url(self.stack.redis_url) as client:
            client.flushall()

    async def rows(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Ask the database, again while it is away."""
        deadline = asyncio.get_running_loop().time() + _DATABASE_BACK_SECONDS
        while True:
            try:
                connection = await asyncpg.connect(self.stack.database_url, timeout=5)
                try:
                    return await connection.fetch(query, *arguments, timeout=20)
                finally:
                    connection.terminate()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise NotInTimeError("the database did not come back") from error
                await asyncio.sleep(_PAUSE_SECONDS)

    async def value(self, query: str, *arguments: object) -> Any:
        """The first column of the first row."""
        return (await self.rows(query, *arguments))[0][0]

    async def freeze_a_busy_child(self, within: float) -> HeldTask:
        """Stop (SIGSTOP) a process of the worker that is in the middle of a photo.

        Raises NotInTimeError after `within` seconds without one.
        """
        deadline = asyncio.get_running_loop().time() + within
        while asyncio.get_running_loop().time() < deadline:
            for held in await self._held_tasks():
                held.process.send_signal(signal.SIGSTOP)
                # It may have finished before it stopped.
                if held in await self._held_tasks():
                    return held
                held.process.send_signal(signal.SIGCONT)
            await asyncio.sleep(_PAUSE_SECONDS)
        raise NotInTimeError("no process of the worker was in the middle of a photo")

    async def wait_for_next_run(self, held: HeldTask, within: float) -> None:
        """Wait until the task is claimed by another process, or has ended."""
        await self._wait_for(
            held, "revision > $2 AND (lease_expires_at IS NOT NULL OR status <> 'PENDING')", within
        )

    async def wait_for_end(self, held: HeldTask, within: float) -> None:
        """Wait until another process has ended the task."""
        await self._wait_for(held, "revision > $2 AND status <> 'PENDING'", within)

    async def wait_for_late_end(self, held: HeldTask, within: float) -> None:
        """Wait until the process has come to its end of the task, which another one has ended."""
        deadline = asyncio.get_running_loop().time() + within
        log = self.stack.local_dir / "logs" / "worker.log"
        while not any(
            "task_superseded" in line and str(held.task_id) in line
            for line in log.read_text("utf-8").splitlines()
        ):
            if asyncio.get_running_loop().time() > deadline:
                raise NotInTimeError("the process that woke late did not come to its end")
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _wait_for(self, held: HeldTask, condition: str, within: float) -> None:
        deadline = asyncio.get_running_loop().time() + within
        query = f"SELECT {condition} FROM photos WHERE task_id = $1"
        while not await self.value(query, held.task_id, held.revision):
            if asyncio.get_running_loop().time() > deadline:
                raise NotInTimeError(f"not within {within:.0f} s: {condition}")
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _held_tasks(self) -> list[HeldTask]:
        worker = self.process("worker").pid
        rows = await self.rows(
            "SELECT task_id, revision, claimed_by FROM photos"
            " WHERE status = 'PENDING' AND lease_expires_at IS NOT NULL"
        )
        found = []
        for row in rows:
            pid = int(row["claimed_by"].rpartition(":")[2])
            if psutil.pid_exists(pid):
                process = psutil.Process(pid)
                # Claims of the dead stay until their lease ends, and pids come again.
                if worker in {parent.pid for parent in process.parents()}:
                    found.append(HeldTask(row["task_id"], row["revision"], process))
        return found
