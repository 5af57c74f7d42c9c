"""The use case on real storage; the registry records what it is told, or fails as told."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from prometheus_client import REGISTRY

from photo_domain.errors import ErrorCode, RequestError
from photo_domain.limits import UploadLimits
from photo_objects.buffer_budget import BufferBudget
from photo_objects.original_writer import OriginalWriter
from photo_objects.store_url import open_store
from photo_uploads.incoming_file import StoredFile
from photo_uploads.receive_upload import (
    Receipt,
    RegisteredTask,
    Registration,
    RejectedFile,
    UploadReceiver,
    UploadRefusedError,
)
from photo_uploads.upload_parts import FileChunk, FileEnd, FilePart, UploadPart

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4
LIMITS = UploadLimits(max_files=5, max_file_size=4096)


class Registry:
    """Remembers what was registered and discarded."""

    def __init__(self) -> None:
        self.registered: list[tuple[list[StoredFile], list[RejectedFile]]] = []
        self.discarded: list[tuple[UUID, str]] = []
        self.refusal: BaseException | None = None
        self.earlier: list[RegisteredTask] | None = None

    async def register(
        self,
        owner: str,
        idempotency_key: str,
        files: Sequence[StoredFile],
        rejected: Sequence[RejectedFile],
    ) -> Registration:
        if self.refusal:
            raise self.refusal
        self.registered.append((list(files), list(rejected)))
        tasks = self.earlier
        if tasks is None:
            tasks = [
                RegisteredTask(str(file.task_id), number, file.position)
                for number, file in enumerate(files)
            ]
        return Registration("batch", datetime.now(UTC), tuple(tasks))

    async def discard(self, originals: Sequence[tuple[UUID, str]]) -> None:
        self.discarded += originals


class Uploads:
    """A receiver over a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.registry = Registry()
        self.budget = BufferBudget(8 * LIMITS.max_file_size)
        writer = OriginalWriter(open_store(folder.as_uri()), self.budget)
        self.receiver = UploadReceiver(writer, self.registry, LIMITS)

    async def receive(self, *parts: UploadPart | BaseException) -> Receipt:
        async def arriving() -> AsyncIterator[UploadPart]:
            for part in parts:
                if isinstance(part, BaseException):
                    raise part
                yield part

        try:
            return await self.receiver.receive("owner", "key", arriving(), "visitor")
        finally:
            assert self.budget.reserved == 0

    def stored(self) -> list[bytes]:
        return [path.read_bytes() for path in self.folder.rglob("*") if path.is_file()]


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path)


def file(name: str, content: bytes, piece: int = 100) -> list[UploadPart]:
    chunks = [content[start : start + piece] for start in range(0, len(content), piece)]
    return [FilePart(name), *(FileChunk(memoryview(each)) for each in chunks), FileEnd()]


def codes(rejected: Sequence[RejectedFile]) -> dict[str, list[str]]:
    return {each.file_name: [one.code for one in each.rejections] for each in rejected}


async def test_valid_files_are_stored_and_invalid_ones_listed_in_their_places(
    uploads: Uploads,
) -> None:
    receipt = await uploads.receive(
        *file("a.jpg", JPEG), *file("b.txt", b"text"), *file("c.JPEG", JPEG[:-1])
    )
    assert [(each.file_name, each.position) for each, _ in receipt.accepted] == [
        ("a.jpg", 0),
        ("c.JPEG", 2),
    ]
    assert all(str(each.task_id) == task.task_id for each, task in receipt.accepted)
    first, _ = receipt.accepted[0]
    assert (first.size, first.sha256) == (len(JPEG), hashlib.sha256(JPEG).digest())
    assert first.content_type == "image/jpeg"
    assert codes(receipt.rejected) == {"b.txt": ["unsupported_extension"]}
    assert receipt.rejected[0].position == 1
    assert sorted(uploads.stored(), key=len) == [JPEG[:-1], JPEG]
    assert uploads.registry.discarded == []


@pytest.mark.parametrize("piece", [1, 5, 11, 12, 13, 5000])
async def test_how_the_bytes_are_cut_makes_no_difference(uploads: Uploads, piece: int) -> None:
    receipt = await uploads.receive(*file("a.jpg", JPEG, piece), *file("b.png", JPEG, piece))
    assert receipt.accepted[0][0].sha256 == hashlib.sha256(JPEG).digest()
    assert codes(receipt.rejected) == {"b.png": ["content_mismatch"]}


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.jpg", b"", ["empty_file"]),
        ("a.jpg", JPEG + bytes(4096), ["file_too_large"]),
        ("a.jpg", b"\xff\xd8\xff", None),
        ("a.pdf", b"%PDF-", None),
        ("a.jpg", b"text" * 5, ["content_mismatch"]),
        ("", JPEG, ["name_missing"]),
        ("", b"", ["name_missing", "empty_file"]),
        ("x" * 252 + ".jpg", JPEG, ["name_too_long"]),
        ("a/b.jpg", JPEG, ["name_invalid"]),
        ("a\n.gif", bytes(5000), ["name_invalid", "unsupported_extension", "file_too_large"]),
        ("jpg", JPEG, ["unsupported_extension"]),
        ("a.png", bytes(5000), ["content_mismatch", "file_too_large"]),
    ],
)
async def test_every_reason_to_reject_a_file_is_named(
    uploads: Uploads, name: str, content: bytes, expected: list[str] | None
) -> None:
    receipt = await uploads.receive(*file("good.jpg", JPEG), *file(name, content))
    found = codes(receipt.rejected).get(name[:255])
    assert (sorted(found) if found else found) == (sorted(expected) if expected else expected)


async def test_a_file_of_exactly_the_limit_is_accepted(uploads: Uploads) -> None:
    receipt = await uploads.receive(*file("a.jpg", JPEG + bytes(4096 - len(JPEG))))
    assert receipt.accepted[0][0].size == LIMITS.max_file_size


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([], "no_files"),
        (file("a.txt", b"x") + file("b.jpg", b""), "no_valid_files"),
    ],
)
async def test_an_upload_with_nothing_to_accept_is_refused(
    uploads: Uploads, parts: list[UploadPart], code: str
) -> None:
    with pytest.raises(UploadRefusedError) as refused:
        await uploads.receive(*parts)
    assert refused.value.code == code
    assert uploads.registry.registered == []


async def test_one_file_too_many_refuses_all_and_discards_what_was_stored(
    uploads: Uploads,
) -> None:
    parts = [part for number in range(6) for part in file(f"{number}.jpg", JPEG)]
    with pytest.raises(UploadRefusedError) as refused:
        await uploads.receive(*parts)
    assert refused.value.code == "too_many_files"
    assert len(uploads.registry.discarded) == 5
    assert uploads.registry.registered == []


async def test_a_body_that_breaks_off_discards_what_was_stored(uploads: Uploads) -> None:
    broken = file("b.jpg", JPEG)[:-3]
    with pytest.raises(ConnectionError):
        await uploads.receive(*file("a.jpg", JPEG), *broken, ConnectionError("gone"))
    assert len(uploads.registry.discarded) == 1
    assert len(uploads.stored()) == 1  # the registry, not the gateway, may delete


async def test_a_definite_refusal_of_the_batch_discards_its_objects(uploads: Uploads) -> None:
    uploads.registry.refusal = RequestError(ErrorCode.DATABASE_UNAVAILABLE, "down")
    with pytest.raises(RequestError):
        await uploads.receive(*file("a.jpg", JPEG))
    assert len(uploads.registry.discarded) == 1


@pytest.mark.parametrize(
    ("left", "names"),
    [
        ([0, 2, 3], ["a.jpg", "c.jpg", "d.jpg"]),
        ([2], ["c.jpg"]),
        ([0, 3], ["a.jpg", "d.jpg"]),
        ([], []),
    ],
)
async def test_a_replay_answers_with_what_is_left_of_the_first_tasks_and_discards_its_copies(
    uploads: Uploads, left: list[int], names: list[str]
) -> None:
    earlier = [RegisteredTask(f"task {position}", 10 + position, position) for position in left]
    uploads.registry.earlier = earlier
    receipt = await uploads.receive(
        *file("a.jpg", JPEG), *file("b.txt", b"x"), *file("c.jpg", JPEG), *file("d.jpg", JPEG)
    )
    assert [each.file_name for each, _ in receipt.accepted] == names
    assert [task for _, task in receipt.accepted] == earlier
    assert [each.file_name for each in receipt.rejected] == ["b.txt"]
    assert len(uploads.registry.discarded) == 3


@pytest.mark.parametrize(
    "refusal",
    [RequestError(ErrorCode.OUTCOME_UNKNOWN, "perhaps"), RuntimeError(), asyncio.CancelledError()],
)
async def test_an_unknown_outcome_discards_nothing_since_the_batch_may_exist(
    uploads: Uploads, refusal: BaseException
) -> None:
    uploads.registry.refusal = refusal
    with pytest.raises(type(refusal)):
        await uploads.receive(*file("a.jpg", JPEG))
    assert uploads.registry.discarded == []
    assert uploads.stored() == [JPEG]


async def test_storage_that_fails_refuses_the_upload_and_registers_nothing(
    uploads: Uploads,
) -> None:
    # A file where the folder of the originals should be: nothing can be created below it.
    (uploads.folder / "originals").write_bytes(b"")
    with pytest.raises(RequestError) as refused:
        await uploads.receive(*file("a.jpg", JPEG), *file("b.jpg", JPEG))
    assert refused.value.code is ErrorCode.STORAGE_UNAVAILABLE
    assert uploads.registry.registered == []


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("photo_upload_files_total", {"outcome": outcome}) or 0


async def test_files_are_counted_by_what_became_of_them_and_a_replay_counts_none_as_accepted(
    uploads: Uploads,
) -> None:
    accepted, refused = counted("accepted"), counted("refused")
    parts = [
        FilePart("a.jpg"),
        FileChunk(memoryview(JPEG)),
        FileEnd(),
        FilePart("b.txt"),
        FileChunk(memoryview(b"text")),
        FileEnd(),
    ]
    await uploads.receive(*parts)
    assert (counted("accepted"), counted("refused")) == (accepted + 1, refused + 1)
    uploads.registry.earlier = [RegisteredTask("of the first upload", 1, 0)]
    await uploads.receive(*parts)
    assert (counted("accepted"), counted("refused")) == (accepted + 1, refused + 2)
