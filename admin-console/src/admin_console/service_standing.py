"""How the service stands, for the front page of every operator together."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from admin_console.kept_read import KeptRead
from photo_records.service_overview import (
    LaneBacklog,
    StorageUse,
    Throughput,
    lane_backlogs,
    storage_by_owner,
    throughput,
)

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

ValueT = TypeVar("ValueT")


class ServiceStanding:
    """Asks the database as seldom as `photo_records.service_overview` wants it.

    Every `get` raises ReadTooSlowError, and what a database raises that is away.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.backlogs: KeptRead[tuple[LaneBacklog, ...]] = self._kept(lane_backlogs, 5)
        self.last_hour: KeptRead[Throughput] = self._kept(
            lambda connection: throughput(connection, _HOUR, _MINUTE), 10
        )
        self.last_day: KeptRead[Throughput] = self._kept(
            lambda connection: throughput(connection, _DAY, _HOUR), 60
        )
        self.storage: KeptRead[StorageUse] = self._kept(storage_by_owner, 60)

    def _kept(
        self, read: Callable[[AsyncConnection], Awaitable[ValueT]], seconds: float
    ) -> KeptRead[ValueT]:
        async def look() -> ValueT:
            async with self._engine.connect() as connection:
                return await read(connection)

        return KeptRead(look, seconds)
