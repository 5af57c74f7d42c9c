"""Registering on a real database: what is shared, what is told apart, and every way to fail."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from ingest_service import register_batch
from ingest_service.batch_claims import BatchClaim
from ingest_service.register_batch import BatchRegistrar
from ingest_service.task_publisher import TaskMessage, TaskPublisher
from photo_domain.errors import ErrorCode, RequestError
from photo_records.registration import RegisteredBatch

Register = Callable[[BatchClaim], Awaitable[RegisteredBatch]]


class Accepting:
    """A broker that takes everything; the broker's own tests use a real one."""

    def publish(self, messages: Sequence[TaskMessage]) -> None:
        return None


@pytest.fixture
async def open_registrar(pool: asyncpg.Pool) -> AsyncIterator[Callable[[asyncpg.Pool], Register]]:
    """Registers by way of a pool."""
    registrars: list[BatchRegistrar] = []

    def build(used: asyncpg.Pool) -> Register:
        registrars.append(BatchRegistrar(used, TaskPublisher(Accepting(), pool), 20))
        return lambda claim: registrars[-1].register(claim, "request")

    yield build
    for registrar in registrars:
        await registrar.drain()


@pytest.fixture
def register(open_registrar: Callable[[asyncpg.Pool], Register], pool: asyncpg.Pool) -> Register:
    return open_registrar(pool)


@pytest.fixture
async def line(database_url: str, open_proxy: Any) -> Any:
    """A line to the database that tests can freeze and cut."""
    parts = urlsplit(database_url)
    return await open_proxy(parts.hostname, parts.port)


@pytest.fixture
async def impatient_pool(database_url: str, line: Any) -> AsyncIterator[asyncpg.Pool]:
    """Connections by way of `line` that give up soon."""
    pool = await asyncpg.create_pool(
        line.url(database_url), min_size=0, max_size=5, timeout=0.5, command_timeout=0.5
    )
    yield pool
    pool.terminate()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register_batch, "_ACQUIRE_SECONDS", 0.5)
    monkeypatch.setattr(register_batch, "_RELEASE_SECONDS", 0.2)


@asynccontextmanager
async def locked(pool: asyncpg.Pool) -> AsyncIterator[None]:
    """Holds up every insert until the end of the block."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE batches IN ACCESS EXCLUSIVE MODE")
        yield


async def waiting_backends(pool: asyncpg.Pool) -> list[int]:
    rows = await pool.fetch(
        "SELECT pid FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return [row["pid"] for row in rows]


async def registered(pool: asyncpg.Pool) -> list[str]:
    """The owners of the batches, each with as many photos as it should have."""
    rows = await pool.fetch(
        "SELECT owner, pending = (SELECT count(*) FROM photos WHERE batch_id = batches.id) AS whole"
        " FROM batches ORDER BY owner"
    )
    assert all(row["whole"] for row in rows)
    return [row["owner"] for row in rows]


async def transactions(pool: asyncpg.Pool) -> int:
    """How many transactions wrote the batches."""
    return await pool.fetchval("SELECT count(DISTINCT xmin::text) FROM batches")


def codes(outcomes: Sequence[object]) -> list[str | None]:
    return [outcome.code if isinstance(outcome, RequestError) else None for outcome in outcomes]


class Group:
    """Batches that are sure to share a transaction: they arrive while another one waits."""

    def __init__(self, register: Register, pool: asyncpg.Pool, eventually: Any, claims: Any) -> None:
        self._register, self._pool = register, pool
        self._eventually, self._claims = eventually, claims

    async def run(
        self,
        batches: Sequence[BatchClaim],
        in_the_middle: Callable[[list["asyncio.Task[RegisteredBatch]"]], None] = lambda _: None,
    ) -> list[Any]:
        """The outcomes of `batches`; `in_the_middle` gets their calls before they are written."""
        async with locked(self._pool):
            ahead = asyncio.create_task(self._register(self._claims.batch(owner="0 ahead")))
            await self._eventually(lambda: waiting_backends(self._pool))
            calls = [asyncio.create_task(self._register(batch)) for batch in batches]
            await asyncio.sleep(0)
            in_the_middle(calls)
        await ahead
        return await asyncio.gather(*calls, return_exceptions=True)


@pytest.fixture
def group(register: Register, pool: asyncpg.Pool, eventually: Any, claims: Any) -> Group:
    return Group(register, pool, eventually, claims)


async def test_a_registered_batch_has_its_ids_in_the_order_of_the_files(
    register: Register, pool: asyncpg.Pool, claims: Any
) -> None:
    claim = claims.batch(3)
    answer = await register(claim)
    assert [str(task_id) for task_id, _ in answer.photos] == [file.task_id for file in claim.files]
    rows = await pool.fetch("SELECT id FROM photos ORDER BY position")
    assert [photo_id for _, photo_id in answer.photos] == [row["id"] for row in rows]


async def test_a_claim_that_breaks_a_rule_writes_nothing(
    register: Register, pool: asyncpg.Pool, claims: Any
) -> None:
    with pytest.raises(RequestError) as caught:
        await register(claims.batch(owner=""))
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT
    assert await registered(pool) == []


async def test_batches_that_arrive_during_a_commit_share_the_next_transaction(
    group: Group, pool: asyncpg.Pool, claims: Any
) -> None:
    batches = [claims.batch(2, owner=f"owner {number:02}") for number in range(12)]
    outcomes = await group.run(batches)
    for batch, outcome in zip(batches, outcomes, strict=True):
        assert [str(task_id) for task_id, _ in outcome.photos] == [
            file.task_id for file in batch.files
        ]
    assert len(await registered(pool)) == 13
    assert await transactions(pool) == 2


async def test_a_known_task_is_refused_for_its_batch_alone(
    group: Group, register: Register, pool: asyncpg.Pool, claims: Any
) -> None:
    known = claims.batch(1, owner="1 known")
    await register(known)
    outcomes = await group.run(
        [
            claims.batch(2, owner="2 good"),
            claims.batch(owner="3 bad", files=known.files),
            claims.batch(2, owner="4 good"),
        ]
    )
    assert codes(outcomes) == [None, ErrorCode.TASK_EXISTS, None]
    assert await registered(pool) == ["0 ahead", "1 known", "2 good", "4 good"]


async def test_one_task_id_in_two_batches_of_a_group_goes_to_one_of_them(
    group: Group, pool: asyncpg.Pool, claims: Any
) -> None:
    first = claims.batch(1, owner="1")
    outcomes = await group.run([first, claims.batch(owner="2", files=first.files)])
    assert codes(outcomes) == [None, ErrorCode.TASK_EXISTS]
    assert await registered(pool) == ["0 ahead", "1"]


async def test_the_same_key_and_files_get_the_first_answer_again(
    register: Register, pool: asyncpg.Pool, claims: Any
) -> None:
    first = await register(claims.batch(3, idempotency_key="key"))
    assert await register(claims.batch(3, idempotency_key="key")) == first
    assert await registered(pool) == ["owner"]


async def test_the_very_same_call_gets_the_first_answer_again(
    register: Register, pool: asyncpg.Pool, claims: Any
) -> None:
    claim = claims.batch(3)
    assert await register(claim) == await register(claim)
    assert await registered(pool) == ["owner"]


async def test_the_same_key_with_other_files_is_a_mismatch(
    register: Register, pool: asyncpg.Pool, claims: Any
) -> None:
    await register(claims.batch(3, idempotency_key="key"))
    with pytest.raises(RequestError) as caught:
        await register(claims.batch(2, idempotency_key="key"))
    assert caught.value.code is ErrorCode.IDEMPOTENCY_MISMATCH
    assert await registered(pool) == ["owner"]


async def test_a_key_belongs_to_its_owner(
    register: Register, pool: asyncpg.Pool, claims: Any
) -> None:
    for owner in ("a", "b"):
        await register(claims.batch(len(owner), owner=owner, idempotency_key="key"))
    assert await registered(pool) == ["a", "b"]


async def test_one_key_twice_in_a_group_is_written_once_and_answered_twice(
    group: Group, pool: asyncpg.Pool, claims: Any
) -> None:
    first, second, other = await group.run(
        [
            claims.batch(2, idempotency_key="key"),
            claims.batch(2, idempotency_key="key"),
            claims.batch(1, idempotency_key="key"),
        ]
    )
    assert first == second
    assert codes([other]) == [ErrorCode.IDEMPOTENCY_MISMATCH]
    assert await registered(pool) == ["0 ahead", "owner"]


async def test_a_group_that_the_database_refuses_is_written_one_by_one(
    group: Group, pool: asyncpg.Pool, claims: Any
) -> None:
    await pool.execute("ALTER TABLE batches ADD CHECK (owner <> '2 bad')")
    outcomes = await group.run([claims.batch(2, owner=owner) for owner in ("1", "2 bad", "3")])
    assert isinstance(outcomes[1], asyncpg.CheckViolationError)
    assert await registered(pool) == ["0 ahead", "1", "3"]


async def test_a_caller_that_goes_away_leaves_the_others_alone(
    group: Group, pool: asyncpg.Pool, claims: Any
) -> None:
    outcomes = await group.run(
        [claims.batch(1, owner=owner) for owner in ("1", "2 left", "3")],
        in_the_middle=lambda calls: calls[1].cancel(),
    )
    assert isinstance(outcomes[1], asyncio.CancelledError)
    assert await registered(pool) == ["0 ahead", "1", "3"]


async def test_a_caller_that_goes_away_in_the_middle_of_its_commit_changes_nothing(
    register: Register, pool: asyncpg.Pool, claims: Any, eventually: Any
) -> None:
    claim = claims.batch(2)
    async with locked(pool):
        leaver = asyncio.create_task(register(claim))
        await eventually(lambda: waiting_backends(pool))
        leaver.cancel()
        stayer = asyncio.create_task(register(claims.batch(1, owner="stayer")))
    await stayer
    assert await registered(pool) == ["owner", "stayer"]
    assert len((await register(claim)).photos) == 2


async def test_a_connection_that_is_killed_before_the_commit_is_settled(
    register: Register, pool: asyncpg.Pool, claims: Any, eventually: Any
) -> None:
    async with locked(pool):
        call = asyncio.create_task(register(claims.batch(3)))
        [backend] = await eventually(lambda: waiting_backends(pool))
        await pool.fetchval("SELECT pg_terminate_backend($1)", backend)
        await eventually(lambda: _waits_anew(pool, backend))
    assert len((await call).photos) == 3
    assert await registered(pool) == ["owner"]


async def _waits_anew(pool: asyncpg.Pool, killed: int) -> bool:
    waiting = await waiting_backends(pool)
    return bool(waiting) and killed not in waiting


async def test_a_line_that_is_cut_after_the_commit_is_settled_by_the_key(
    open_registrar: Any,
    impatient_pool: asyncpg.Pool,
    pool: asyncpg.Pool,
    line: Any,
    claims: Any,
    eventually: Any,
) -> None:
    line.cut_at = b"INSERT 0 "
    call = asyncio.create_task(open_registrar(impatient_pool)(claims.batch(3)))
    await eventually(lambda: line.cuts)
    line.cut_at = None
    answer = await call
    assert await registered(pool) == ["owner"]
    rows = await pool.fetch("SELECT task_id, id FROM photos ORDER BY position")
    assert list(answer.photos) == [(row["task_id"], row["id"]) for row in rows]


@pytest.mark.usefixtures("impatient")
async def test_a_line_that_is_cut_at_every_answer_leaves_the_outcome_unknown_until_asked_again(
    open_registrar: Any, impatient_pool: asyncpg.Pool, pool: asyncpg.Pool, line: Any, claims: Any
) -> None:
    register = open_registrar(impatient_pool)
    claim = claims.batch(3)
    line.cut_at = b"INSERT 0 "
    with pytest.raises(RequestError) as caught:
        await register(claim)
    assert caught.value.code is ErrorCode.OUTCOME_UNKNOWN
    line.cut_at = None
    assert len((await register(claim)).photos) == 3
    assert await registered(pool) == ["owner"]


@pytest.mark.usefixtures("impatient")
async def test_a_database_that_is_down_is_unavailable_and_nothing_is_written(
    open_registrar: Any, impatient_pool: asyncpg.Pool, pool: asyncpg.Pool, line: Any, claims: Any
) -> None:
    register = open_registrar(impatient_pool)
    await line.close()
    outcomes = await asyncio.gather(
        *[register(claims.batch(1)) for _ in range(3)], return_exceptions=True
    )
    assert codes(outcomes) == [ErrorCode.DATABASE_UNAVAILABLE] * 3
    assert await registered(pool) == []


@pytest.mark.usefixtures("impatient")
async def test_a_database_without_a_free_connection_is_unavailable(
    open_registrar: Any, impatient_pool: asyncpg.Pool, claims: Any
) -> None:
    held = [await impatient_pool.acquire() for _ in range(5)]
    with pytest.raises(RequestError) as caught:
        await open_registrar(impatient_pool)(claims.batch(1))
    assert caught.value.code is ErrorCode.DATABASE_UNAVAILABLE
    for connection in held:
        await impatient_pool.release(connection)


@pytest.mark.usefixtures("impatient")
async def test_a_database_that_freezes_leaves_the_outcome_unknown_and_thaws(
    open_registrar: Any, impatient_pool: asyncpg.Pool, pool: asyncpg.Pool, line: Any, claims: Any
) -> None:
    register = open_registrar(impatient_pool)
    await register(claims.batch(1, owner="before"))
    claim = claims.batch(2, owner="during")
    line.freeze()
    async with asyncio.timeout(30):
        with pytest.raises(RequestError) as caught:
            await register(claim)
    assert caught.value.code is ErrorCode.OUTCOME_UNKNOWN
    line.thaw()
    assert len((await register(claim)).photos) == 2
    assert await registered(pool) == ["before", "during"]


@pytest.mark.usefixtures("impatient")
async def test_a_line_that_is_lost_among_the_single_batches_leaves_the_rest_unknown(
    open_registrar: Any,
    impatient_pool: asyncpg.Pool,
    pool: asyncpg.Pool,
    line: Any,
    claims: Any,
    eventually: Any,
) -> None:
    await pool.execute("ALTER TABLE batches ADD CHECK (owner <> '1 bad')")
    register = open_registrar(impatient_pool)
    batches = [claims.batch(2, owner=owner) for owner in ("1 bad", "2", "3", "4")]

    def cut_at_the_first_single_success(_calls: object) -> None:
        line.cut_at = b"INSERT 0 2"  # the batch ahead has one photo

    outcomes = await Group(register, pool, eventually, claims).run(
        batches, cut_at_the_first_single_success
    )
    assert isinstance(outcomes[0], asyncpg.CheckViolationError)
    assert codes(outcomes[1:]) == [ErrorCode.OUTCOME_UNKNOWN] * 3
    assert line.cuts == 1
    line.cut_at = None
    answers = [await register(batch) for batch in batches[1:]]
    assert [len(answer.photos) for answer in answers] == [2, 2, 2]
    assert await registered(pool) == ["0 ahead", "2", "3", "4"]
