"""A real Postgres whose clock stands still until the model moves it."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import psycopg2
from psycopg2.extras import RealDictCursor, register_uuid
from sqlalchemy import create_engine

from photo_records.database_url import with_driver

AnswerT = TypeVar("AnswerT")

_START = datetime(2031, 1, 1, tzinfo=UTC)

# A schema that is searched before pg_catalog: every `now()` of the real statements finds this one.
_CLOCK = """
CREATE SCHEMA model;
CREATE TABLE model.clock (instant timestamptz NOT NULL);
INSERT INTO model.clock VALUES ('2031-01-01T00:00:00Z');
CREATE FUNCTION model.now() RETURNS timestamptz STABLE LANGUAGE sql
    AS 'SELECT instant FROM model.clock';
ALTER TABLE photos ALTER COLUMN created_at SET DEFAULT model.now();
ALTER TABLE batches ALTER COLUMN created_at SET DEFAULT model.now();
DO $$
DECLARE own text := quote_ident(current_database());
BEGIN
    EXECUTE 'ALTER DATABASE ' || own || ' SET search_path = model, pg_catalog, public';
    EXECUTE 'ALTER DATABASE ' || own || ' SET synchronous_commit = off';
END $$;
"""

_CLEAR = "DELETE FROM photos; DELETE FROM batches; DELETE FROM paused_lanes"

_ROWS = """
SELECT batch.id AS batch, batch.pending, photo.*, ARRAY(
    SELECT made.object_key FROM renditions AS made WHERE made.photo_id = photo.id ORDER BY made.name
) AS keys
FROM batches AS batch LEFT JOIN photos AS photo ON photo.batch_id = batch.id
"""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """All that the database holds at one moment."""

    photos: dict[UUID, Row]
    # What each batch says about how many of its photos have not ended.
    pending: dict[UUID, int]


class Database:
    """One empty, migrated database, used by one thread; `now` is what Postgres takes for now."""

    def __init__(self, database_url: str) -> None:
        with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
            cursor.execute(_CLOCK)
        connection.close()
        self.now = _START
        self.engine = create_engine(with_driver(database_url, "psycopg2"))
        self._loop = asyncio.new_event_loop()
        self._reader = psycopg2.connect(database_url, cursor_factory=RealDictCursor)
        self._reader.autocommit = True
        register_uuid(conn_or_curs=self._reader)
        self.pool: asyncpg.Pool = self.run(_open_pool(database_url))

    def run(self, statement: Coroutine[Any, Any, AnswerT]) -> AnswerT:
        """What a statement of the asynchronous services answers."""
        return self._loop.run_until_complete(statement)

    def pass_time(self, seconds: float) -> None:
        """Move the clock on."""
        self.now += timedelta(seconds=seconds)
        self.run(self.pool.execute("UPDATE model.clock SET instant = $1", self.now))

    def rows(self) -> Rows:
        """Every row, those of the photos with the keys of their renditions."""
        with self._reader.cursor() as cursor:
            cursor.execute(_ROWS)
            rows = cursor.fetchall()
        pending = {row.pop("batch"): row.pop("pending") for row in rows}
        return Rows({row["task_id"]: row for row in rows if row["task_id"]}, pending)

    def clear(self) -> None:
        """Begin again with nothing."""
        self.run(self.pool.execute(_CLEAR))

    def close(self) -> None:
        """Close the connections."""
        self.run(self.pool.close())
        self._loop.close()
        self._reader.close()
        self.engine.dispose()


async def _open_pool(database_url: str) -> asyncpg.Pool:
    async def leave_as_it_is(connection: object) -> None:
        """Save a round trip: no statement changes its session."""

    return await asyncpg.create_pool(database_url, min_size=3, max_size=3, reset=leave_as_it_is)
