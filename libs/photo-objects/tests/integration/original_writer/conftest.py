"""Room for the parts of an upload, bytes to upload, and a caller that sends them."""

from collections.abc import Awaitable, Callable

import pytest

from photo_objects.buffer_budget import BufferBudget
from photo_objects.original_writer import OriginalUpload

PART = 5 * 1024 * 1024
"""S3 takes no smaller part but the last."""


@pytest.fixture
def budget() -> BufferBudget:
    return BufferBudget(4 * PART)


@pytest.fixture
def some_bytes() -> Callable[[int], bytes]:
    def make(size: int) -> bytes:
        return (bytes(range(251)) * (size // 251 + 1))[:size]

    return make


@pytest.fixture
def send() -> Callable[..., Awaitable[None]]:
    """Writes all of it, chunk by chunk."""

    async def write(upload: OriginalUpload, data: bytes, chunk_size: int = 64 * 1024) -> None:
        for start in range(0, len(data), chunk_size):
            await upload.write(memoryview(data)[start : start + chunk_size])

    return write
