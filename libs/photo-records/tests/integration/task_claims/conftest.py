"""What the tests of claims and of their ends share."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine

from photo_records.database_url import with_driver

from .tasks import Tasks


@pytest.fixture
def tasks(database_url: str) -> Iterator[Tasks]:
    engine = create_engine(with_driver(database_url, "psycopg2"))
    yield Tasks(engine)
    engine.dispose()
