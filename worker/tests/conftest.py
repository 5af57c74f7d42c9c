from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine

from photo_records.database_url import with_driver


@pytest.fixture(scope="session")
def new_database(databases: Any) -> Callable[[], AbstractContextManager[tuple[str, Engine]]]:
    """Makes a migrated database for the time of a context: a worker outlives a single test."""

    @contextmanager
    def make() -> Iterator[tuple[str, Engine]]:
        url = databases.create()
        engine = create_engine(with_driver(url, "psycopg2"))
        try:
            yield url, engine
        finally:
            engine.dispose()
            databases.drop(url)

    return make
