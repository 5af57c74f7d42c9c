"""What one owner may have stored."""

import asyncio
from typing import Any

import asyncpg
import pytest

from ingest_service.owner_quota import OwnerQuota
from ingest_service.register_batch import BatchRegistrar
from photo_domain.errors import ErrorCode, RequestError

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
