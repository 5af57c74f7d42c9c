"""Whether the database has the tables that this code was written for."""

import asyncpg

from photo_records.schema_version import REQUIRED_VERSION


class SchemaOutdatedError(Exception):
    """The database is older than the code: run `python -m photo_records migrate`."""


async def check_schema(pool: asyncpg.Pool) -> None:
    """Raise SchemaOutdatedError unless every migration that this code needs has run.

    A newer schema is fine: migrations expand before they contract.
    """
    try:
        found = await pool.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        found = None
    if found is None or int(found) < int(REQUIRED_VERSION):
        raise SchemaOutdatedError(
            f"The database is at migration {found}, the code needs {REQUIRED_VERSION}:"
            " run `python -m photo_records migrate`."
        )
