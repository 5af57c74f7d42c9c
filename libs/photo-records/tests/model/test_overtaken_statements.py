"""Two transitions of one task at once, the second waiting for the row that the first has locked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import Connection, Engine, create_engine

from photo_domain.failure import FailureCode
from photo_records import task_claims
from photo_records.asyncpg_pool import open_pool
from photo_records.database_url import with_driver
from photo_records.outbox import (
    NOTHING_WAITS,
    RepublishReason,
    forget_queued,
    mark_republished,
    take_due,
)
from photo_records.photo_result import StoredRendition
from photo_records.registration import insert_batches, mark_enqueued
from photo_records.sweeping import delete_photos
from photo_records.task_actions import WrongStatusError, cancel_task, delete_photo, retry_task
from photo_records.task_claims import ClaimedTask
from photo_records.task_queue import Lane
from photo_records.task_reads import UnknownTaskError

from .new_batch import new_batch
from .new_result import new_result

_HOLDER = "host:worker:1"
_RESULT = new_result(42)
_RENDITION = StoredRendition("preview", 9, 9, "image/webp", 9, "renditions/preview")

# What differs between two tasks that went the same way.
_OUTCOME = """
SELECT photo.status, photo.revision, photo.attempts, photo.crashes, photo.postponements,
    photo.claimed_by, photo.error_code, photo.random_number, batch.pending,
    num_nulls(
        photo.enqueued_at, photo.next_attempt_at, photo.lease_expires_at, photo.postponed_since
    ) AS nulls,
    (SELECT count(*) FROM renditions WHERE photo_id = photo.id) AS renditions
FROM batches AS batch LEFT JOIN photos AS photo ON photo.batch_id = batch.id
WHERE batch.id = $1
"""
_BLOCKED = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A task in the state that a pair of transitions begins with."""

    pool: asyncpg.Pool
    engine: Engine
    batch_id: UUID
    task_id: UUID
    # The run that has it, or had it.
    claim: ClaimedTask | None

    @property
    def run(self) -> ClaimedTask:
        assert self.claim
        return self.claim


# Executes the statement when entered and commits it when left; what the statement answered.
Transition = Callable[[Case], AbstractAsyncContextManager[str]]


def _of_worker(statement: Callable[[Connection, Case], object]) -> Transition:
    @asynccontextmanager
    async def transition(case: Case) -> AsyncIterator[str]:
        with case.engine.connect() as connection:
            answer = await asyncio.to_thread(statement, connection, case)
            yield str(bool(answer))
            connection.commit()

    return transition


def _of_service(statement: Callable[[Any, Case], Awaitable[object]]) -> Transition:
    @asynccontextmanager
    async def transition(case: Case) -> AsyncIterator[str]:
        async with case.pool.acquire() as connection, connection.transaction():
            try:
                await statement(connection, case)
                answer = "done"
            except (WrongStatusError, UnknownTaskError) as error:
                answer = type(error).__name__
            yield answer

    return transition


async def _relay(connection: Any, case: Case) -> None:
    for reason in RepublishReason:
        tasks = await take_due(connection, reason, 10, dict.fromkeys(Lane, NOTHING_WAITS))
        await mark_republished(connection, [task.photo_id for task in tasks])


async def _expire(connection: Any, case: Case) -> None:
    photo_ids = await connection.fetch("SELECT id FROM photos WHERE task_id = $1", case.task_id)
    later = datetime.now(UTC) + timedelta(hours=1)
    await delete_photos(connection, [row["id"] for row in photo_ids], later)


_LEASE = timedelta(minutes=2)
_TRANSITIONS: dict[str, Transition] = {
    "claim": _of_worker(lambda c, case: task_claims.claim_task(c, case.task_id, _LEASE, "other")),
    "succeed": _of_worker(
        lambda c, case: task_claims.finish_success(c, case.run, _RESULT, [_RENDITION])
    ),
    "fail": _of_worker(
        lambda c, case: task_claims.finish_failure(c, case.run, FailureCode.CORRUPT_IMAGE)
    ),
    "postpone": _of_worker(lambda c, case: task_claims.postpone(c, case.run, _LEASE)),
    "crash": _of_worker(lambda c, case: task_claims.count_crash(c, case.task_id, _HOLDER)),
    "time_out": _of_worker(lambda c, case: task_claims.end_timed_out(c, case.task_id, _HOLDER)),
    "give_back": _of_worker(lambda c, case: task_claims.give_back(c, case.task_id, _HOLDER)),
    "exhaust": _of_worker(lambda c, case: task_claims.end_exhausted(c, case.task_id)),
    "mark": _of_service(lambda c, case: mark_enqueued(c, [case.task_id])),
    "relay": _of_service(_relay),
    "forget": _of_service(lambda c, _: forget_queued(c, 10)),
    "cancel": _of_service(lambda c, case: cancel_task(c, case.task_id, "owner")),
    "retry": _of_service(lambda c, case: retry_task(c, case.task_id, "owner")),
    "delete": _of_service(lambda c, case: delete_photo(c, case.task_id, "owner")),
    "expire": _of_service(_expire),
}
_OF_A_RUN = ["succeed", "fail", "postpone", "crash", "time_out", "give_back"]
_OF_OTHERS = ["relay", "cancel", "delete", "expire"]
# What can meet in each state. `leased` has an expired lease and `postponed` is due: more can
# happen to them. `exhausted` has used up its runs.
_MEETINGS = {
    "queued": ["claim", "mark", *_OF_OTHERS],
    "published": ["claim", "mark", "forget", *_OF_OTHERS],
    "leased": ["claim", *_OF_A_RUN, *_OF_OTHERS],
    "postponed": ["claim", *_OF_A_RUN, *_OF_OTHERS],
    "exhausted": ["claim", "exhaust", *_OF_A_RUN, *_OF_OTHERS],
    "failed": ["claim", "succeed", "retry", "cancel", "delete", "expire"],
}
# SKIP LOCKED.
_WAIT_FOR_NOBODY = {"relay", "forget"}


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with await open_pool(database_url, 4) as pool:
        yield pool


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[Engine]:
    engine = create_engine(with_driver(database_url, "psycopg2"))
    yield engine
    engine.dispose()


@pytest.mark.parametrize("state", _MEETINGS)
async def test_of_two_transitions_at_once_one_comes_first(
    pool: asyncpg.Pool, engine: Engine, state: str
) -> None:
    names = _MEETINGS[state]
    for first, second in product(names, [name for name in names if name not in _WAIT_FOR_NOBODY]):
        at_once = await _at_once(await _case(pool, engine, state), first, second)
        one_way = await _in_turn(await _case(pool, engine, state), first, second)
        other_way = await _in_turn(await _case(pool, engine, state), second, first)
        assert at_once in (one_way, other_way), f"{state}: {first}, {second}"


async def _case(pool: asyncpg.Pool, engine: Engine, state: str) -> Case:
    batch = new_batch(Lane.INTERACTIVE, 1)
    task_id = batch.photos[0].task_id
    async with pool.acquire() as connection:
        await insert_batches(connection, [batch])
    await pool.execute("UPDATE photos SET created_at = now() - interval '1 minute'")
    if state == "published":
        await pool.execute("UPDATE photos SET enqueued_at = now() - interval '2 minutes'")
    claim = None
    with engine.begin() as connection:
        if state not in {"queued", "published"}:
            claim = task_claims.claim_task(connection, task_id, timedelta(0), _HOLDER)
        if state == "postponed":
            assert claim
            assert task_claims.postpone(connection, claim, timedelta(0))
        if state == "failed":
            assert claim
            assert task_claims.finish_failure(connection, claim, FailureCode.INTERNAL)
    if state == "exhausted":
        await pool.execute("UPDATE photos SET attempts = $1", task_claims.MAX_RUNS)
    return Case(pool, engine, batch.batch_id, task_id, claim)


async def _in_turn(case: Case, first: str, second: str) -> tuple[object, ...]:
    answers = []
    for name in (first, second):
        async with _TRANSITIONS[name](case) as answer:
            answers.append((name, answer))
    return sorted(answers), await _outcome(case)


async def _at_once(case: Case, first: str, second: str) -> tuple[object, ...]:
    async def come_second() -> str:
        async with _TRANSITIONS[second](case) as answer:
            return answer

    async with _TRANSITIONS[first](case) as answer:
        coming = asyncio.create_task(come_second())
        async with asyncio.timeout(30):
            while not (coming.done() or await case.pool.fetchval(_BLOCKED)):  # noqa: ASYNC110
                await asyncio.sleep(0)
    return sorted([(first, answer), (second, await coming)]), await _outcome(case)


async def _outcome(case: Case) -> dict[str, Any]:
    row = await case.pool.fetchrow(_OUTCOME, case.batch_id)
    assert row
    # Nothing of this case is left for the next one's relay.
    await case.pool.execute("DELETE FROM photos WHERE batch_id = $1", case.batch_id)
    return dict(row)
