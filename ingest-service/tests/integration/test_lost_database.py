"""A database that goes away at any moment: exactly one set of rows, and honest answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from ingest_service import database_connection
from ingest_service.batch_claims import BatchClaim
from photo_domain.errors import ErrorCode, RequestError
from photo_records.registration import RegisteredBatch

Register = Callable[[BatchClaim], Awaitable[RegisteredBatch]]


@pytest.fixture
async def line(database_url: str, open_proxy: Any) -> Any:
    """A line to the database that tests can freeze and cut."""
    parts = urlsplit(database_url)
    return await open_proxy(parts.hostname, parts.port)


@pytest.fixture
async def impatient_pool(database_url: str, line: Any) -> AsyncIterator[asyncpg.Pool]:
    """Connections by way of `line` that give up soon."""
    pool = await asyncpg.create_pool(
        line.url(database_url), min_size=0, max_size=5, timeout=5, command_timeout=2
    )
    yield pool
    pool.terminate()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_connection, "_ACQUIRE_SECONDS", 2)
    monkeypatch.setattr(database_connection, "_RELEASE_SECONDS", 0.5)


def codes(outcomes: Sequence[object]) -> list[str | None]:
    return [outcome.code if isinstance(outcome, RequestError) else None for outcome in outcomes]


async def test_a_connection_that_is_killed_before_the_commit_is_settled(
    register: Register, database: Any, claims: Any, eventually: Any
) -> None:
    async with database.locked():
        call = asyncio.create_task(register(claims.batch(3)))
        [backend] = await eventually(database.waiting_backends)
        await database.pool.fetchval("SELECT pg_terminate_backend($1)", backend)
        await eventually(lambda: _waits_anew(database, backend))
    assert len((await call).photos) == 3
    assert await database.registered() == ["owner"]


async def test_a_line_that_is_cut_after_the_commit_is_settled_by_the_key(
    open_register: Any,
    impatient_pool: asyncpg.Pool,
    database: Any,
    line: Any,
    claims: Any,
) -> None:
    line.cut(b"INSERT 0 ", times=1)
    answer = await open_register(impatient_pool)(claims.batch(3))
    assert line.cuts_left == 0
    assert await database.registered() == ["owner"]
    rows = await database.pool.fetch("SELECT task_id, id FROM photos ORDER BY position")
    assert [(photo.task_id, photo.photo_id) for photo in answer.photos] == [
        (row["task_id"], row["id"]) for row in rows
    ]


@pytest.mark.usefixtures("impatient")
async def test_a_line_that_is_cut_twice_leaves_the_outcome_unknown_until_asked_again(
    open_register: Any, impatient_pool: asyncpg.Pool, database: Any, line: Any, claims: Any
) -> None:
    register = open_register(impatient_pool)
    claim = claims.batch(3)
    line.cut(b"INSERT 0 ", times=2)
    with pytest.raises(RequestError) as caught:
        await register(claim)
    assert caught.value.code is ErrorCode.OUTCOME_UNKNOWN
    assert len((await register(claim)).photos) == 3
    assert await database.registered() == ["owner"]


@pytest.mark.usefixtures("impatient")
async def test_a_database_that_is_down_is_unavailable_and_nothing_is_written(
    open_register: Any, impatient_pool: asyncpg.Pool, database: Any, line: Any, claims: Any
) -> None:
    register = open_register(impatient_pool)
    await line.close()
    outcomes = await asyncio.gather(
        *[register(claims.batch(1)) for _ in range(3)], return_exceptions=True
    )
    assert codes(outcomes) == [ErrorCode.DATABASE_UNAVAILABLE] * 3
    assert await database.registered() == []


@pytest.mark.usefixtures("impatient")
async def test_a_database_without_a_free_connection_is_unavailable(
    open_register: Any, impatient_pool: asyncpg.Pool, claims: Any
) -> None:
    held = [await impatient_pool.acquire() for _ in range(5)]
    with pytest.raises(RequestError) as caught:
        await open_register(impatient_pool)(claims.batch(1))
    assert caught.value.code is ErrorCode.DATABASE_UNAVAILABLE
    for connection in held:
        await impatient_pool.release(connection)


@pytest.mark.usefixtures("impatient")
async def test_a_database_that_freezes_leaves_the_outcome_unknown_and_thaws(
    open_register: Any, impatient_pool: asyncpg.Pool, database: Any, line: Any, claims: Any
) -> None:
    register = open_register(impatient_pool)
    await register(claims.batch(1, owner="before"))
    claim = claims.batch(2, owner="during")
    line.freeze()
    async with asyncio.timeout(30):
        with pytest.raises(RequestError) as caught:
            await register(claim)
    assert caught.value.code is ErrorCode.OUTCOME_UNKNOWN
    line.thaw()
    assert len((await register(claim)).photos) == 2
    assert await database.registered() == ["before", "during"]


@pytest.mark.usefixtures("impatient")
async def test_a_line_that_is_lost_among_the_single_batches_leaves_the_rest_unknown(
    open_register: Any,
    impatient_pool: asyncpg.Pool,
    database: Any,
    line: Any,
    claims: Any,
    eventually: Any,
    open_group: Any,
) -> None:
    await database.pool.execute("ALTER TABLE batches ADD CHECK (owner <> '1 bad')")
    register = open_register(impatient_pool)
    batches = [claims.batch(2, owner=owner) for owner in ("1 bad", "2", "3", "4")]

    def cut_at_the_first_single_success(_calls: object) -> None:
        line.cut(b"INSERT 0 2", times=1)  # the batch ahead has one photo

    outcomes = await open_group(register).run(batches, cut_at_the_first_single_success)
    assert isinstance(outcomes[0], asyncpg.CheckViolationError)
    assert codes(outcomes[1:]) == [ErrorCode.OUTCOME_UNKNOWN] * 3
    assert line.cuts_left == 0
    answers = [await register(batch) for batch in batches[1:]]
    assert [len(answer.photos) for answer in answers] == [2, 2, 2]
    assert await database.registered() == ["0 ahead", "2", "3", "4"]


async def _waits_anew(database: Any, killed: int) -> bool:
    waiting = await database.waiting_backends()
    return bool(waiting) and killed not in waiting
