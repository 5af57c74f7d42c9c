"""What one owner may have stored."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from ingest_service.batch_claims import check_batch
from ingest_service.owner_quota import OwnerQuota
from ingest_service.register_batch import BatchRegistrar
from photo_domain.errors import ErrorCode, RequestError
from photo_records.registration import insert_batches

FILE = 1000  # bytes of the first file of a claim


@pytest.fixture
def open_registrar_of(open_registrar: Any) -> Any:
    """A registrar that holds owners to a quota."""

    def build(limit: int) -> BatchRegistrar:
        return open_registrar(quota=OwnerQuota(limit))  # type: ignore[no-any-return]

    return build


async def code_of(call: Any) -> ErrorCode:
    with pytest.raises(RequestError) as caught:
        await call
    return caught.value.code


async def test_an_upload_that_fills_the_quota_is_taken_and_the_next_byte_is_not(
    open_registrar_of: Any, claims: Any, pool: asyncpg.Pool
) -> None:
    registrar = open_registrar_of(2 * FILE)
    await registrar.register(claims.batch(), "r")
    await registrar.register(claims.batch(), "r")
    refused = claims.batch(files=[claims.file(size=1)])
    assert await code_of(registrar.register(refused, "r")) is ErrorCode.QUOTA_EXCEEDED
    assert await pool.fetchval("SELECT sum(size) FROM photos") == 2 * FILE
    assert await pool.fetchval("SELECT count(*) FROM batches") == 2


async def test_each_owner_has_a_quota_of_their_own(open_registrar_of: Any, claims: Any) -> None:
    registrar = open_registrar_of(FILE)
    await registrar.register(claims.batch(owner="ann"), "r")
    await registrar.register(claims.batch(owner="bob"), "r")
    refused = registrar.register(claims.batch(owner="ann"), "r")
    assert await code_of(refused) is ErrorCode.QUOTA_EXCEEDED


async def test_a_repeated_upload_gets_its_first_answer_when_the_quota_is_full(
    open_registrar_of: Any, claims: Any
) -> None:
    registrar = open_registrar_of(FILE)
    claim = claims.batch()
    first = await registrar.register(claim, "r")
    assert await registrar.register(claim, "r") == first


async def test_deleted_photos_make_room(
    open_registrar_of: Any, claims: Any, pool: asyncpg.Pool
) -> None:
    registrar = open_registrar_of(FILE)
    await registrar.register(claims.batch(), "r")
    await pool.execute("DELETE FROM photos")
    await registrar.register(claims.batch(), "r")


async def test_uploads_of_one_moment_do_not_share_the_same_room(
    open_registrar_of: Any, claims: Any, pool: asyncpg.Pool
) -> None:
    registrar = open_registrar_of(3 * FILE)
    outcomes = await asyncio.gather(
        *(registrar.register(claims.batch(), "r") for _ in range(10)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, RequestError)]
    assert [error.code for error in refused] == [ErrorCode.QUOTA_EXCEEDED] * 7
    assert await pool.fetchval("SELECT sum(size) FROM photos") == 3 * FILE


async def test_an_upload_whose_rows_are_being_written_elsewhere_is_waited_for(
    open_registrar_of: Any, claims: Any, pool: asyncpg.Pool, database: Any, eventually: Any
) -> None:
    registrar = open_registrar_of(FILE)
    claim = claims.batch()
    async with pool.acquire() as elsewhere:
        transaction = elsewhere.transaction()
        await transaction.start()
        first = await insert_batches(elsewhere, [check_batch(claim, 20, datetime.now(UTC))])
        # The quota has room for one of the two.
        other = await asyncio.wait_for(registrar.register(claims.batch(), "r"), 20)
        again = asyncio.create_task(registrar.register(claim, "r"))
        await eventually(database.waiting_backends)
        await transaction.commit()
    assert (await again).batch_id in first
    assert other.batch_id not in first


async def test_what_is_refused_leaves_no_row_and_its_key_can_be_used_once_there_is_room(
    open_registrar_of: Any, claims: Any, pool: asyncpg.Pool
) -> None:
    registrar = open_registrar_of(FILE)
    await registrar.register(claims.batch(), "r")
    claim = claims.batch()
    assert await code_of(registrar.register(claim, "r")) is ErrorCode.QUOTA_EXCEEDED
    await pool.execute("DELETE FROM photos")
    assert len((await registrar.register(claim, "r")).photos) == 1


async def test_a_repeated_upload_takes_no_room_from_those_beside_it(
    open_registrar_of: Any, claims: Any, open_group: Any
) -> None:
    registrar = open_registrar_of(3 * FILE)
    group = open_group(lambda claim: registrar.register(claim, "r"))
    twice = claims.batch()
    outcomes = await group.run([twice, twice, claims.batch(), claims.batch()])
    assert [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert outcomes[0] == outcomes[1]


async def test_an_upload_over_the_quota_does_not_keep_its_neighbours_from_being_written(
    open_registrar_of: Any, claims: Any, open_group: Any, pool: asyncpg.Pool
) -> None:
    registrar = open_registrar_of(FILE)
    group = open_group(lambda claim: registrar.register(claim, "r"))
    outcomes = await group.run([claims.batch(3), claims.batch(owner="other")])
    assert isinstance(outcomes[0], RequestError)
    assert outcomes[0].code is ErrorCode.QUOTA_EXCEEDED
    assert await pool.fetchval("SELECT count(*) FROM photos WHERE owner = 'other'") == 1
