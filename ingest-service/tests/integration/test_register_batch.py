"""Registering on a real database: what is shared and what is told apart."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg
import pytest

from ingest_service.batch_claims import BatchClaim
from photo_domain.errors import ErrorCode, RequestError
from photo_records.registration import RegisteredBatch

Register = Callable[[BatchClaim], Awaitable[RegisteredBatch]]


def codes(outcomes: Sequence[object]) -> list[str | None]:
    return [outcome.code if isinstance(outcome, RequestError) else None for outcome in outcomes]


async def test_a_registered_batch_has_its_ids_in_the_order_of_the_files(
    register: Register, database: Any, claims: Any
) -> None:
    claim = claims.batch(3)
    answer = await register(claim)
    assert [str(photo.task_id) for photo in answer.photos] == [file.task_id for file in claim.files]
    rows = await database.pool.fetch("SELECT id FROM photos ORDER BY position")
    assert [photo.photo_id for photo in answer.photos] == [row["id"] for row in rows]


async def test_a_claim_that_breaks_a_rule_writes_nothing(
    register: Register, database: Any, claims: Any
) -> None:
    with pytest.raises(RequestError) as caught:
        await register(claims.batch(owner=""))
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT
    assert await database.registered() == []


async def test_batches_that_arrive_during_a_commit_share_the_next_transaction(
    group: Any, database: Any, claims: Any
) -> None:
    batches = [claims.batch(2, owner=f"owner {number:02}") for number in range(12)]
    outcomes = await group.run(batches)
    for batch, outcome in zip(batches, outcomes, strict=True):
        assert [str(photo.task_id) for photo in outcome.photos] == [
            file.task_id for file in batch.files
        ]
    assert len(await database.registered()) == 13
    assert await database.transactions() == 2


async def test_a_known_task_is_refused_for_its_batch_alone(
    group: Any, register: Register, database: Any, claims: Any
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
    assert await database.registered() == ["0 ahead", "1 known", "2 good", "4 good"]


async def test_one_task_id_in_two_batches_of_a_group_goes_to_one_of_them(
    group: Any, database: Any, claims: Any
) -> None:
    first = claims.batch(1, owner="1")
    outcomes = await group.run([first, claims.batch(owner="2", files=first.files)])
    assert codes(outcomes) == [None, ErrorCode.TASK_EXISTS]
    assert await database.registered() == ["0 ahead", "1"]


async def test_the_same_key_and_files_get_the_first_answer_again(
    register: Register, database: Any, claims: Any
) -> None:
    first = await register(claims.batch(3, idempotency_key="key"))
    assert await register(claims.batch(3, idempotency_key="key")) == first
    assert await database.registered() == ["owner"]


async def test_the_very_same_call_gets_the_first_answer_again(
    register: Register, database: Any, claims: Any
) -> None:
    claim = claims.batch(3)
    assert await register(claim) == await register(claim)
    assert await database.registered() == ["owner"]


async def test_the_same_key_with_other_files_is_a_mismatch(
    register: Register, database: Any, claims: Any
) -> None:
    await register(claims.batch(3, idempotency_key="key"))
    with pytest.raises(RequestError) as caught:
        await register(claims.batch(2, idempotency_key="key"))
    assert caught.value.code is ErrorCode.IDEMPOTENCY_MISMATCH
    assert await database.registered() == ["owner"]


async def test_a_key_belongs_to_its_owner(register: Register, database: Any, claims: Any) -> None:
    for owner in ("a", "b"):
        await register(claims.batch(len(owner), owner=owner, idempotency_key="key"))
    assert await database.registered() == ["a", "b"]


async def test_one_key_twice_in_a_group_is_written_once_and_answered_twice(
    group: Any, database: Any, claims: Any
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
    assert await database.registered() == ["0 ahead", "owner"]


async def test_a_group_that_the_database_refuses_is_written_one_by_one(
    group: Any, database: Any, claims: Any
) -> None:
    await database.pool.execute("ALTER TABLE batches ADD CHECK (owner <> '2 bad')")
    outcomes = await group.run([claims.batch(2, owner=owner) for owner in ("1", "2 bad", "3")])
    assert isinstance(outcomes[1], asyncpg.CheckViolationError)
    assert await database.registered() == ["0 ahead", "1", "3"]


async def test_a_caller_that_goes_away_leaves_the_others_alone(
    group: Any, database: Any, claims: Any
) -> None:
    outcomes = await group.run(
        [claims.batch(1, owner=owner) for owner in ("1", "2 left", "3")],
        in_the_middle=lambda calls: calls[1].cancel(),
    )
    assert isinstance(outcomes[1], asyncio.CancelledError)
    assert await database.registered() == ["0 ahead", "1", "3"]


async def test_a_caller_that_goes_away_in_the_middle_of_its_commit_changes_nothing(
    register: Register, database: Any, claims: Any, eventually: Any
) -> None:
    claim = claims.batch(2)
    async with database.locked():
        leaver = asyncio.create_task(register(claim))
        await eventually(database.waiting_backends)
        leaver.cancel()
        stayer = asyncio.create_task(register(claims.batch(1, owner="stayer")))
    await stayer
    assert await database.registered() == ["owner", "stayer"]
    assert len((await register(claim)).photos) == 2
