"""Databases full of photos, which tests only read."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from photo_records.database_url import with_driver

from .many_photos import fill


@pytest.fixture(scope="session")
def filled_url(databases: Any) -> Iterator[str]:
    """20,000 photos."""
    url = databases.create()
    fill(url, 20_000)
    yield url
    databases.drop(url)


@pytest.fixture(scope="session")
def million_url(databases: Any) -> Iterator[str]:
    """A million photos; making them takes minutes."""
    url = databases.create()
    fill(url, 1_000_000)
    yield url
    databases.drop(url)


@pytest.fixture
async def engine(filled_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(with_driver(filled_url, "asyncpg"))
    yield engine
    await engine.dispose()


@pytest.fixture
async def million(million_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(with_driver(million_url, "asyncpg"))
    yield engine
    await engine.dispose()
