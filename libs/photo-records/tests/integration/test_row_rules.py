"""The database itself refuses rows that cannot be."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from photo_domain.failure import FailureCode
from photo_records.registration import NewBatch, insert_batches

NOW = "now()"

Change = Callable[[dict[str, str]], Awaitable[None]]

# What a task looks like at its stations; each is allowed.
PROCESSING = {"started_at": NOW, "lease_expires_at": NOW, "attempts": "1", "revision": "2"}
POSTPONED = {"started_at": NOW, "next_attempt_at": NOW, "attempts": "1", "revision": "3"}
RESULT = {
    "format": "'jpeg'",
    "width": "1600",
    "height": "1000",
    "random_number": "42",
    "processing_time": "0.25",
}
# What may be known of a photo beside its result.
FACTS = {
    "pages": "1",
    "orientation": "8",
    "taken_at": "'2026-05-01T12:30:15'",
    "camera": "'{}'",
    "dominant_color": "'#0a141e'",
    "thumbhash": "'\\x00'",
    "phash": "'0123456789abcdef'",
    "step_seconds": "'{}'",
}
SUCCEEDED = {"status": "'SUCCESS'", "finished_at": NOW, **RESULT}
FAILED = {
    "status": "'FAILURE'",
    "finished_at": NOW,
    "error_code": "'timeout'",
    "error_message": "'Too long.'",
}


@pytest.fixture
async def photo(pool: asyncpg.Pool, make_batch: Callable[..., NewBatch]) -> Change:
    """Changes the columns of a fresh PENDING photo."""
    async with pool.acquire() as connection:
        await insert_batches(connection, [make_batch()])

    async def change(columns: dict[str, str]) -> None:
        changes = ", ".join(f"{name} = {value}" for name, value in columns.items())
        await pool.execute(f"UPDATE photos SET {changes}")

    return change


@pytest.mark.parametrize("columns", [PROCESSING, POSTPONED, SUCCEEDED, SUCCEEDED | FACTS, FAILED])
async def test_every_station_of_a_task_is_allowed(photo: Change, columns: dict[str, str]) -> None:
    await photo(columns)


async def test_every_failure_code_may_end_a_task(photo: Change) -> None:
    for code in FailureCode:
        await photo({**FAILED, "error_code": f"'{code}'"})


@pytest.mark.parametrize(
    ("constraint", "columns"),
    [
        ("status", {"status": "'CANCELLED'", "finished_at": NOW}),
        ("lane", {"lane": "'express'"}),
        ("format", {**SUCCEEDED, "format": "'gif'"}),
        ("error_code", {**FAILED, "error_code": "'bad_luck'"}),
        ("content_type", {"content_type": "'image/gif'"}),
        ("size", {"size": "0"}),
        ("sha256", {"sha256": "'\\x00'"}),
        ("file_name", {"file_name": "''"}),
        ("file_name", {"file_name": "repeat('x', 256)"}),
        ("counters", {"revision": "0"}),
        ("counters", {"attempts": "-1"}),
        ("counters", {"crashes": "-1"}),
        ("ended_has_time", {**SUCCEEDED, "finished_at": "NULL"}),
        ("ended_has_time", {**FAILED, "finished_at": "NULL"}),
        ("ended_has_time", {"finished_at": NOW}),
        ("failure_has_code", {**FAILED, "error_code": "NULL", "error_message": "NULL"}),
        ("failure_has_code", {"error_code": "'timeout'", "error_message": "'Too long.'"}),
        ("failure_has_code", {**SUCCEEDED, "error_code": "'timeout'", "error_message": "'x'"}),
        ("code_has_message", {**FAILED, "error_message": "NULL"}),
        ("code_has_message", {"error_message": "'Too long.'"}),
        ("ended_waits_for_nothing", {**SUCCEEDED, "started_at": NOW, "lease_expires_at": NOW}),
        ("ended_waits_for_nothing", {**FAILED, "next_attempt_at": NOW}),
        ("lease_has_start", {"lease_expires_at": NOW}),
        ("leased_or_postponed", {**PROCESSING, "next_attempt_at": NOW}),
        *[("success_has_result", {**SUCCEEDED, column: "NULL"}) for column in RESULT],
        ("success_has_result", {**FAILED, **RESULT}),
        ("success_has_result", {"width": "1600"}),
        *[("only_success_has_facts", {fact: value}) for fact, value in FACTS.items()],
        *[("only_success_has_facts", {**FAILED, fact: value}) for fact, value in FACTS.items()],
        ("pages", {**SUCCEEDED, "pages": "0"}),
        ("orientation", {**SUCCEEDED, "orientation": "0"}),
        ("orientation", {**SUCCEEDED, "orientation": "9"}),
        ("taken_at", {**SUCCEEDED, "taken_at": "'2026-05-01'"}),
        ("taken_at", {**SUCCEEDED, "taken_at": "repeat('1', 33)"}),
        ("camera", {**SUCCEEDED, "camera": "'null'"}),
        ("dominant_color", {**SUCCEEDED, "dominant_color": "'#0A141E'"}),
        ("dominant_color", {**SUCCEEDED, "dominant_color": "'#0a141e '"}),
        ("dominant_color", {**SUCCEEDED, "dominant_color": "E'#0a141e\\n'"}),
        ("thumbhash", {**SUCCEEDED, "thumbhash": "''"}),
        ("thumbhash", {**SUCCEEDED, "thumbhash": "decode(repeat('00', 26), 'hex')"}),
        ("phash", {**SUCCEEDED, "phash": "'0123456789abcde'"}),
        ("phash", {**SUCCEEDED, "phash": "'0123456789abcdeg'"}),
        ("step_seconds", {**SUCCEEDED, "step_seconds": "'[]'"}),
    ],
)
async def test_an_impossible_photo_is_refused(
    photo: Change, constraint: str, columns: dict[str, str]
) -> None:
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await photo(columns)
    assert caught.value.constraint_name == f"photos_{constraint}_check"


async def test_a_photo_lacks_nothing_that_it_was_born_with(photo: Change) -> None:
    for column in [
        "task_id",
        "batch_id",
        "owner",
        "file_name",
        "content_type",
        "size",
        "sha256",
        "object_key",
        "position",
        "status",
        "lane",
        "revision",
        "attempts",
        "crashes",
        "created_at",
    ]:
        with pytest.raises(asyncpg.NotNullViolationError) as caught:
            await photo({column: "NULL"})
        assert caught.value.column_name == column


async def test_the_database_id_cannot_be_chosen(photo: Change) -> None:
    with pytest.raises(asyncpg.GeneratedAlwaysError):
        await photo({"id": "7"})


async def test_two_photos_cannot_have_one_task_id(
    pool: asyncpg.Pool, make_batch: Callable[..., NewBatch]
) -> None:
    async with pool.acquire() as connection:
        await insert_batches(connection, [make_batch(2)])
    with pytest.raises(asyncpg.UniqueViolationError):
        await pool.execute("UPDATE photos SET task_id = '00000000-0000-0000-0000-000000000000'")


@pytest.mark.parametrize(
    ("constraint", "change"),
    [("pending", "pending = -1"), ("fingerprint", "fingerprint = '\\x00'")],
)
async def test_an_impossible_batch_is_refused(
    photo: Change, pool: asyncpg.Pool, constraint: str, change: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await pool.execute(f"UPDATE batches SET {change}")
    assert caught.value.constraint_name == f"batches_{constraint}_check"


async def test_a_batch_with_photos_cannot_be_deleted(photo: Change, pool: asyncpg.Pool) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await pool.execute("DELETE FROM batches")


@pytest.mark.parametrize("column", ["width", "height", "size"])
async def test_a_rendition_has_dimensions(photo: Change, pool: asyncpg.Pool, column: str) -> None:
    facts = {"width": 320, "height": 200, "size": 5, column: 0}
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute(
            "INSERT INTO renditions SELECT id, 'thumbnail', $1, $2, 'image/webp', $3, 'k'"
            " FROM photos",
            facts["width"],
            facts["height"],
            facts["size"],
        )


async def test_the_renditions_go_with_their_photo(photo: Change, pool: asyncpg.Pool) -> None:
    await pool.execute(
        "INSERT INTO renditions SELECT id, 'thumbnail', 320, 200, 'image/webp', 5, 'k' FROM photos"
    )
    await pool.execute("DELETE FROM photos")
    assert await pool.fetchval("SELECT count(*) FROM renditions") == 0
