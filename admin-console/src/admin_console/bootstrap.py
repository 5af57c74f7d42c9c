"""Opens what the console works with."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import grpc
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from admin_console.bulk_runner import BulkRunner
from admin_console.console import Console
from admin_console.ingest_client import IngestClient
from admin_console.login_throttle import LoginThrottle
from admin_console.passwords import Passwords
from admin_console.photo_actions import PhotoActions
from admin_console.service_standing import ServiceStanding
from admin_console.sessions import Sessions
from admin_console.settings import ConsoleSettings
from admin_console.status_client import StatusClient
from admin_console.workers import WorkerWatch
from photo_records.asyncpg_pool import open_pool
from photo_records.database_url import with_driver
from service_kit.database_pool_gauges import watch_pool
from service_kit.grpc_channel import open_channel
from service_kit.grpc_tls import client_files
from service_kit.task_end import end_tasks

# Of each of the two ways to the database.
_MAX_CONNECTIONS = 5
_DATABASE_SECONDS = 5.0
# A search that is stopped at 5 s says so itself; only a database that is lost takes longer.
_COMMAND_SECONDS = 8.0


class ConsoleBootstrap:
    """What is checked at start, before uvicorn, which has an exit code of its own.

    Exits with code 2 where a file of GRPC_TLS_* cannot be used.
    """

    def __init__(self, settings: ConsoleSettings) -> None:
        self._settings = settings
        self._files = client_files(settings)

    @asynccontextmanager
    async def open_console(self) -> AsyncIterator[Console]:
        """Everything that the pages work with, until the context ends."""
        async with AsyncExitStack() as stack:
            pool = await self._open_pool(stack)
            engine = self._open_engine(stack)
            ingest = IngestClient(self._open_channel(stack, self._settings.ingest_target))
            workers = WorkerWatch(self._settings.redis_url.get_secret_value())
            stack.push_async_callback(workers.close)
            actions = PhotoActions(pool, ingest)
            bulk = BulkRunner(pool, engine, actions)
            await stack.enter_async_context(_running(bulk))
            yield Console(
                pool=pool,
                engine=engine,
                ingest=ingest,
                status=StatusClient(self._open_channel(stack, self._settings.status_target)),
                workers=workers,
                standing=ServiceStanding(engine),
                actions=actions,
                bulk=bulk,
                passwords=Passwords(),
                sessions=Sessions(pool),
                throttle=LoginThrottle(pool),
            )

    async def _open_pool(self, stack: AsyncExitStack) -> asyncpg.Pool:
        pool = await open_pool(self._settings.database_url.get_secret_value(), _MAX_CONNECTIONS)
        stack.push_async_callback(pool.close)
        watch_pool(pool)
        return pool

    def _open_engine(self, stack: AsyncExitStack) -> AsyncEngine:
        engine = create_async_engine(
            with_driver(self._settings.database_url.get_secret_value(), "asyncpg"),
            pool_size=_MAX_CONNECTIONS,
            max_overflow=0,
            pool_timeout=_DATABASE_SECONDS,
            pool_pre_ping=True,
            connect_args={"timeout": _DATABASE_SECONDS, "command_timeout": _COMMAND_SECONDS},
        )
        stack.push_async_callback(engine.dispose)
        return engine

    def _open_channel(self, stack: AsyncExitStack, target: str) -> grpc.aio.Channel:
        channel = open_channel(target, self._files)
        stack.push_async_callback(channel.close)
        return channel


@asynccontextmanager
async def _running(bulk: BulkRunner) -> AsyncIterator[None]:
    """Actions on many photos are worked off meanwhile."""
    work = asyncio.create_task(bulk.run(), name="bulk actions")
    try:
        yield
    finally:
        await end_tasks([work])
