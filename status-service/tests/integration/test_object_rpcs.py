"""The bytes of a photo, as the clients of the status service read them."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from photo.status.v1 import status_service_pb2 as pb
from photo_domain.errors import ErrorCode, RequestError
from photo_domain.task_id import new_task_id
from photo_objects.errors import StorageUnavailableError
from photo_objects.object_reader import ObjectReader, OpenedObject
from service_kit.rpc_errors import request_error_of
from status_service.object_queries import ObjectQueries
from status_service.viewer_rule import Access, ViewerRule

CONTENT = bytes(range(256)) * 2_500  # 640,000 bytes: three chunks
OWNER = "the owner"


def rendition(task_id: object, name: str = "preview") -> pb.GetObjectRequest:
    return pb.GetObjectRequest(task_id=str(task_id), rendition=name)


def original(task_id: object, owner: str = OWNER) -> pb.GetObjectRequest:
    return pb.GetObjectRequest(
        task_id=str(task_id), original=pb.Original(), viewer=pb.Viewer(owner=owner)
    )


async def read(stub: Any, request: pb.GetObjectRequest) -> tuple[pb.ObjectInfo, list[bytes]]:
    parts = [part async for part in stub.GetObject(request, timeout=20)]
    assert [part.WhichOneof("part") for part in parts] == ["info"] + ["chunk"] * (len(parts) - 1)
    return parts[0].info, [part.chunk for part in parts[1:]]


async def refusal(stub: Any, request: pb.GetObjectRequest) -> RequestError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.GetObject(request, timeout=20).read()
    stated = request_error_of(caught.value)
    assert stated is not None
    return stated


@pytest.fixture
async def photo(photos: Any) -> Any:
    """A photo that was processed, with its objects."""
    [photo] = await photos.register()
    await photos.succeed(photo)
    await photos.put(photos.rendition_key(photo, "preview"), CONTENT)
    await photos.put(photo.object_key, b"the original")
    return photo


async def test_a_rendition_comes_with_its_facts_first_and_its_bytes_in_chunks(
    stub: Any, photo: Any
) -> None:
    info, chunks = await read(stub, rendition(photo.task_id))
    assert (info.content_type, info.size) == ("image/webp", len(CONTENT))
    assert info.file_name == "photo 0.jpg"
    assert b"".join(chunks) == CONTENT
    assert max(map(len, chunks)) <= 256 * 1024


async def test_whoever_knows_the_task_id_may_read_a_rendition(stub: Any, photo: Any) -> None:
    request = rendition(photo.task_id)
    request.viewer.owner = "somebody else"
    _info, chunks = await read(stub, request)
    assert b"".join(chunks) == CONTENT


async def test_an_original_comes_to_its_owner(stub: Any, photo: Any) -> None:
    info, chunks = await read(stub, original(photo.task_id))
    assert (info.content_type, info.size, info.file_name) == ("image/jpeg", 12, "photo 0.jpg")
    assert b"".join(chunks) == b"the original"


@pytest.mark.parametrize("owner", ["", "somebody else", OWNER.upper(), OWNER + " "])
async def test_an_original_is_an_unknown_task_to_everybody_else(
    stub: Any, photo: Any, owner: str
) -> None:
    stated = await refusal(stub, original(photo.task_id, owner))
    unknown = await refusal(stub, original(new_task_id()))
    assert (stated.code, stated.detail) == (unknown.code, unknown.detail)
    assert stated.code is ErrorCode.UNKNOWN_TASK


@pytest.mark.parametrize("task_id", ["", "x", "ffffffff-ffff-7abc-8def-0123456789ab"])
async def test_the_objects_of_an_unknown_task_are_not_found(stub: Any, task_id: str) -> None:
    for request in (rendition(task_id), original(task_id)):
        assert (await refusal(stub, request)).code is ErrorCode.UNKNOWN_TASK


@pytest.mark.parametrize("name", ["", "poster", "previe", "preview\0", "../preview", "Preview"])
async def test_a_rendition_that_a_task_does_not_have_is_an_unknown_object(
    stub: Any, photo: Any, name: str
) -> None:
    stated = await refusal(stub, rendition(photo.task_id, name))
    assert stated.code is ErrorCode.UNKNOWN_OBJECT


async def test_a_task_that_is_pending_has_no_renditions(stub: Any, photos: Any) -> None:
    [pending] = await photos.register()
    assert (await refusal(stub, rendition(pending.task_id))).code is ErrorCode.UNKNOWN_OBJECT


async def test_an_object_that_is_gone_is_an_unknown_object(stub: Any, photo: Any) -> None:
    stated = await refusal(stub, rendition(photo.task_id, "thumbnail"))
    assert stated.code is ErrorCode.UNKNOWN_OBJECT
    assert "renditions/" not in stated.detail


async def test_a_storage_that_is_gone_is_unavailable(
    stub: Any, photo: Any, store_folder: Path
) -> None:
    await asyncio.to_thread(shutil.rmtree, store_folder)
    stated = await refusal(stub, rendition(photo.task_id))
    assert stated.code is ErrorCode.STORAGE_UNAVAILABLE
    assert str(store_folder) not in stated.detail


async def test_a_call_that_names_no_object_is_refused(stub: Any, photo: Any) -> None:
    stated = await refusal(stub, pb.GetObjectRequest(task_id=str(photo.task_id)))
    assert stated.code is ErrorCode.INVALID_ARGUMENT
    assert [violation.field for violation in stated.violations] == ["object"]


class BreakingReader(ObjectReader):
    """Breaks off after the first chunk: no store does so on demand."""

    async def open(self, key: str, chunk_size: int = 8) -> OpenedObject:
        return replace(await super().open(key), chunks=self._breaking())

    async def _breaking(self) -> AsyncIterator[bytes]:
        yield b"first"
        raise StorageUnavailableError("Storage could not be used.")


async def test_a_storage_that_breaks_off_in_the_middle_is_unavailable(
    pool: Any, store: Any, photo: Any
) -> None:
    queries = ObjectQueries(pool, BreakingReader(store), ViewerRule(Access.OPEN))
    _stored, opened = await queries.open_rendition(str(photo.task_id), "preview", "")
    assert await anext(opened.chunks) == b"first"
    with pytest.raises(RequestError) as caught:
        await anext(opened.chunks)
    assert caught.value.code is ErrorCode.STORAGE_UNAVAILABLE


async def test_a_reader_that_goes_away_leaves_the_service_well(stub: Any, photo: Any) -> None:
    call = stub.GetObject(rendition(photo.task_id), timeout=20)
    await call.read()
    call.cancel()
    _info, chunks = await read(stub, rendition(photo.task_id))
    assert b"".join(chunks) == CONTENT
