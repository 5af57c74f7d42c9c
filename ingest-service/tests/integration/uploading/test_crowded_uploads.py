"""Many uploads at once."""

import asyncio
from typing import Any

import grpc
import pytest

from photo_domain.errors import ErrorCode
from photo_domain.limits import UPLOAD_LIMITS
from photo_uploads.upload_capacity import UploadCapacity


@pytest.fixture
def capacity() -> UploadCapacity:
    """Memory for one file at a time, and so places for four uploads."""
    return UploadCapacity(UPLOAD_LIMITS.max_file_size, UPLOAD_LIMITS)


async def test_one_owner_gets_half_of_the_places_and_others_the_rest(
    open_upload: Any,
    messages: Any,
    refused: Any,
    send: Any,
    jpeg: bytes,
    eventually: Any,
    capacity: UploadCapacity,
) -> None:
    first = open_upload(messages.header("greedy"))
    open_upload(messages.header("greedy"))
    await eventually(lambda: capacity.places.taken == 2)
    code, stated = await refused(send(messages.upload(("a.jpg", jpeg), owner="greedy")))
    assert (code, stated.code) == (grpc.StatusCode.RESOURCE_EXHAUSTED, ErrorCode.OVER_CAPACITY)
    assert (await send(messages.upload(("a.jpg", jpeg), owner="modest"))).tasks
    first.call.cancel()
    await eventually(lambda: capacity.places.taken == 1)
    assert (await send(messages.upload(("a.jpg", jpeg), owner="greedy"))).tasks


async def test_streams_that_have_not_said_whose_they_are_have_places_too(
    open_upload: Any, send: Any, messages: Any, refused: Any, eventually: Any, capacity: Any
) -> None:
    silent = [open_upload() for _ in range(4)]
    await eventually(lambda: capacity.places.taken == 4)
    code, stated = await refused(send(messages.upload()))
    assert (code, stated.code) == (grpc.StatusCode.RESOURCE_EXHAUSTED, ErrorCode.OVER_CAPACITY)
    for each in silent:
        each.call.cancel()
    await eventually(lambda: capacity.places.taken == 0)


async def test_files_that_wait_for_memory_all_come_to_their_turn(
    send: Any, messages: Any, jpeg: bytes, storage: Any, capacity: UploadCapacity
) -> None:
    files = [(f"{number}.jpg", jpeg) for number in range(5)]
    owners = ("a", "a", "b", "b")
    answers = await asyncio.gather(
        *(send(messages.upload(*files, owner=owner)) for owner in owners)
    )
    assert [len(answer.tasks) for answer in answers] == [5] * 4
    assert len(storage.contents()) == 20
    assert capacity.budget.peak <= UPLOAD_LIMITS.max_file_size
