import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from alembic import command
from sqlalchemy import Engine, create_engine, text

from local_stack.embedded_postgres import EmbeddedPostgres
from photo_records.database_url import with_driver
from photo_records.migrations import alembic_config


@pytest.fixture(scope="session")
def new_database(
    postgres: EmbeddedPostgres,
) -> Callable[[], AbstractContextManager[tuple[str, Engine]]]:
    """Makes a migrated database for the time of a context: a worker outlives a single test."""

    @contextmanager
    def make() -> Iterator[tuple[str, Engine]]:
        name = f"test_{secrets.token_hex(8)}"
        administrator = create_engine(
            with_driver(postgres.database_url, "psycopg2"), isolation_level="AUTOCOMMIT"
        )
        with administrator.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        url = f"{postgres.database_url.rpartition('/')[0]}/{name}"
        command.upgrade(alembic_config(url), "head")
        engine = create_engine(with_driver(url, "psycopg2"))
        try:
            yield url, engine
        finally:
            engine.dispose()
            with administrator.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            administrator.dispose()

    return make
