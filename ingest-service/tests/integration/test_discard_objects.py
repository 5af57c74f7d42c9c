"""What a failed upload stored is deleted, and never more."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import obstore
import pytest

from photo.ingest.v1 import ingest_service_pb2 as pb
from photo_domain.errors import ErrorCode, RequestError
from photo_domain.object_keys import new_nonce, original_key
from photo_domain.task_id import new_task_id
from service_kit.rpc_errors import request_error_of


async def refusal(call: Any) -> tuple[grpc.StatusCode, RequestError]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    stated = request_error_of(caught.value)
    assert stated is not None
    return caught.value.code(), stated


def discard(stub: Any, *refs: tuple[Any, str]) -> Any:
    originals = [pb.OriginalRef(task_id=str(task_id), nonce=nonce) for task_id, nonce in refs]
    return stub.DiscardObjects(pb.DiscardObjectsRequest(originals=originals), timeout=20)


async def put(store: Any, task_id: Any, nonce: str) -> str:
    key = original_key(task_id, nonce)
    await obstore.put_async(store, key, b"bytes")
    return key


async def exists(store: Any, key: str) -> bool:
    try:
        await obstore.head_async(store, key)
    except FileNotFoundError:
        return False
    return True


async def test_what_a_failed_upload_stored_is_deleted(stub: Any, store: Any) -> None:
    refs = [(new_task_id(), new_nonce()) for _ in range(3)]
    keys = [await put(store, *ref) for ref in refs[:2]]
    assert (await discard(stub, *refs)).discarded_count == 3
    assert not any([await exists(store, key) for key in keys])


async def test_an_original_of_a_photo_is_never_deleted(
    stub: Any, store: Any, claims: Any, register_request: Any
) -> None:
    claim = claims.batch(1)
    await stub.RegisterBatch(register_request(claim), timeout=20)
    own_ref = (UUID(claim.files[0].task_id), claim.files[0].nonce)
    stray_ref = (own_ref[0], new_nonce())  # the same task id under another nonce
    own, stray = await put(store, *own_ref), await put(store, *stray_ref)
    answer = await discard(stub, own_ref, stray_ref)
    assert answer.discarded_count == 1
    assert await exists(store, own)
    assert not await exists(store, stray)


async def test_two_objects_of_one_task_id_are_both_deleted(stub: Any, store: Any) -> None:
    task_id = new_task_id()
    refs = [(task_id, new_nonce()), (task_id, new_nonce())]
    keys = [await put(store, *ref) for ref in refs]
    assert (await discard(stub, *refs)).discarded_count == 2
    assert not any([await exists(store, key) for key in keys])


@pytest.mark.parametrize(
    ("task_id", "nonce"),
    [
        ("", "0" * 32),
        ("not an id", "0" * 32),
        ("e06a4813-7370-41a3-bf59-73bc6045da4c", "0" * 32),
        ("ffffffff-ffff-7abc-8def-0123456789ab", "0" * 32),
        ("01919a3c-5e00-7abc-8def-0123456789ab", "../" + "0" * 29),
    ],
)
async def test_what_names_no_original_is_refused_and_nothing_is_deleted(
    stub: Any, store: Any, task_id: str, nonce: str
) -> None:
    good = (new_task_id(), new_nonce())
    key = await put(store, *good)
    code, stated = await refusal(discard(stub, good, (task_id, nonce)))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert [violation.field for violation in stated.violations] == ["originals[1]"]
    assert await exists(store, key)


@pytest.mark.parametrize("count", [0, 101])
async def test_one_to_100_originals_are_deleted_at_a_time(stub: Any, count: int) -> None:
    code, stated = await refusal(discard(stub, *[(new_task_id(), new_nonce())] * count))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert [violation.field for violation in stated.violations] == ["originals"]


async def test_a_storage_that_is_gone_is_unavailable(
    stub: Any, store: Any, store_folder: Path
) -> None:
    await asyncio.to_thread(store_folder.rmdir)
    code, stated = await refusal(discard(stub, (new_task_id(), new_nonce())))
    assert code is grpc.StatusCode.UNAVAILABLE
    assert stated.code is ErrorCode.STORAGE_UNAVAILABLE
    assert str(store_folder) not in stated.detail
