"""What the tests of claims and of their ends share."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine

from photo_records.database_url import with_driver
from photo_records.service_roles import ServiceRole

from .tasks import Tasks


@pytest.fixture
def tasks(databases: Any, database_url: str) -> Iterator[Tasks]:
    engine = create_engine(with_driver(database_url, "psycopg2"))
    worker_url = databases.url_for(ServiceRole.WORKER, database_url)
    worker = create_engine(with_driver(worker_url, "psycopg2"))
    yield Tasks(engine, worker)
    for each in (engine, worker):
        each.dispose()
