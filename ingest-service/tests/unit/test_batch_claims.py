"""What a caller claims is held against every rule before anything is written."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingest_service.batch_claims import BatchClaim, check_batch
from photo_domain.errors import ErrorCode, RequestError
from photo_domain.task_id import new_task_id
from photo_records.registration import NewBatch
from photo_records.task_queue import Lane

BULK = 20


def checked(claim: BatchClaim, now: datetime | None = None) -> NewBatch:
    return check_batch(claim, BULK, now or datetime.now(UTC))


def broken_fields(claim: BatchClaim, now: datetime | None = None) -> list[str]:
    with pytest.raises(RequestError) as caught:
        checked(claim, now)
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT
    assert all(violation.description for violation in caught.value.violations)
    return [violation.field for violation in caught.value.violations]


def test_a_claim_that_breaks_no_rule_becomes_the_batch_to_write(claims: Any) -> None:
    claim = claims.batch(files=[claims.file(1), claims.file(0)], rejected=[claims.rejected(2)])
    batch = checked(claim)
    assert (batch.owner, batch.idempotency_key) == (claim.owner, claim.idempotency_key)
    assert [str(photo.task_id) for photo in batch.photos] == [file.task_id for file in claim.files]
    for photo, file in zip(batch.photos, claim.files, strict=True):
        assert photo.object_key.startswith("originals/")
        assert photo.object_key.endswith(f"/{file.task_id}-{file.nonce}")
        assert (photo.file_name, photo.size, photo.sha256, photo.position) == (
            file.file_name,
            file.size,
            file.sha256,
            file.position,
        )
    assert batch.rejected == [
        {
            "position": 2,
            "file_name": "notes.txt",
            "errors": [
                {"code": "unsupported_extension", "detail": "The extension is not accepted."}
            ],
        }
    ]


def test_every_checked_batch_gets_an_id_of_its_own(claims: Any) -> None:
    claim = claims.batch()
    assert checked(claim).batch_id != checked(claim).batch_id


@pytest.mark.parametrize(("count", "lane"), [(19, Lane.INTERACTIVE), (20, Lane.BULK)])
def test_the_number_of_stored_files_decides_the_lane(claims: Any, count: int, lane: Lane) -> None:
    claim = claims.batch(count, rejected=[claims.rejected(count)])
    assert checked(claim).lane is lane


@pytest.mark.parametrize("owner", ["", "x" * 256, "a\nb", "a\0b", "a\u2028b"], ids=ascii)
def test_an_owner_has_1_to_255_printable_characters(claims: Any, owner: str) -> None:
    assert broken_fields(claims.batch(owner=owner)) == ["owner"]


@pytest.mark.parametrize("key", ["", "x" * 256, "ä", "a\n", "a\x7f"], ids=ascii)
def test_a_key_has_1_to_255_printable_ascii_characters(claims: Any, key: str) -> None:
    assert broken_fields(claims.batch(idempotency_key=key)) == ["idempotency_key"]


@pytest.mark.parametrize("key", [" ", "~", "x" * 255])
def test_any_printable_ascii_is_a_key(claims: Any, key: str) -> None:
    assert checked(claims.batch(idempotency_key=key)).idempotency_key == key


def test_a_batch_has_at_least_one_stored_file(claims: Any) -> None:
    assert broken_fields(claims.batch(0, rejected=[claims.rejected(0)])) == ["files"]


def test_stored_and_refused_files_are_at_most_100_together(claims: Any) -> None:
    rejected = [claims.rejected(99)]
    assert len(checked(claims.batch(99, rejected=rejected)).photos) == 99
    rejected = [claims.rejected(100)]
    assert broken_fields(claims.batch(100, rejected=rejected)) == ["files"]


@pytest.mark.parametrize("positions", [(0, 0), (1, 2), (0, 2), (-1, 0)])
def test_positions_count_from_0_each_once(claims: Any, positions: tuple[int, int]) -> None:
    first, second = positions
    claim = claims.batch(files=[claims.file(first)], rejected=[claims.rejected(second)])
    assert broken_fields(claim) == ["files"]


@pytest.mark.parametrize("spelling", [str.lower, str.upper])
def test_no_two_files_have_one_task_id_however_it_is_spelled(claims: Any, spelling: Any) -> None:
    task_id = str(new_task_id())
    files = [claims.file(0, task_id=task_id), claims.file(1, task_id=spelling(task_id))]
    assert broken_fields(claims.batch(files=files)) == ["files"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("task_id", ""),
        ("task_id", "not an id"),
        ("task_id", "e06a4813-7370-41a3-bf59-73bc6045da4c"),  # version 4
        ("task_id", "ffffffff-ffff-7abc-8def-0123456789ab"),
        ("task_id", "01919a3c5e007abc8def0123456789ab"),
        ("nonce", ""),
        ("nonce", "F" * 32),
        ("nonce", "../" + "0" * 29),
        ("file_name", ""),
        ("file_name", "x" * 252 + ".jpg"),
        ("file_name", "a\0.jpg"),
        ("file_name", "a/b.jpg"),
        ("size", 0),
        ("size", -1),
        ("size", 5 * 1024 * 1024 + 1),
        ("size", 2**63 - 1),
        ("sha256", b""),
        ("sha256", b"x" * 31),
        ("content_type", ""),
        ("content_type", "image/png"),
        ("content_type", "image/gif"),
        ("content_type", "IMAGE/JPEG"),
    ],
)
def test_a_wrong_field_is_named_with_its_path(claims: Any, field: str, value: Any) -> None:
    claim = claims.batch(files=[claims.file(0), claims.file(1, **{field: value})])
    # A name without a known extension fits no content type either.
    assert set(broken_fields(claim)) - {"files[1].content_type"} <= {f"files[1].{field}"}
    assert f"files[1].{field}" in broken_fields(claim)


def test_a_task_id_older_than_six_hours_or_from_the_future_is_refused(claims: Any) -> None:
    claim = claims.batch()
    now = datetime.now(UTC)
    assert checked(claim, now + timedelta(hours=5, minutes=59))
    assert broken_fields(claim, now + timedelta(hours=6, minutes=1)) == ["files[0].task_id"]
    assert broken_fields(claim, now - timedelta(minutes=6)) == ["files[0].task_id"]


@pytest.mark.parametrize(
    "changes",
    [
        {"errors": ()},
        {"errors": (("bad_luck", "x"),)},
        {"errors": (("empty_file", "x"), ("bad_luck", "x"))},
        {"errors": (("empty_file", "x" * 501),)},
        {"errors": (("empty_file", "é" * 251),)},
        {"errors": (("empty_file", "x"), ("empty_file", "x"))},
        {"file_name": "x" * 256},
    ],
)
def test_a_refused_file_says_why_in_known_codes(claims: Any, changes: dict[str, Any]) -> None:
    claim = claims.batch(1, rejected=[claims.rejected(1, **changes)])
    assert broken_fields(claim) == ["rejected[0]"]


@pytest.mark.parametrize("name", ["", "a\nb", "a/b", "\u202e", "📷" * 255])
def test_a_refused_file_may_have_any_name(claims: Any, name: str) -> None:
    errors = (("name_invalid", "x"),)
    claim = claims.batch(1, rejected=[claims.rejected(1, file_name=name, errors=errors)])
    assert checked(claim).rejected[0]["file_name"] == name


def test_what_postgres_cannot_store_is_replaced_in_a_refused_name(claims: Any) -> None:
    errors = (("name_invalid", "not \0 allowed"),)
    claim = claims.batch(1, rejected=[claims.rejected(1, file_name="a\0b", errors=errors)])
    [rejected] = checked(claim).rejected
    assert rejected["file_name"] == "a\N{REPLACEMENT CHARACTER}b"
    assert "\0" not in rejected["errors"][0]["detail"]


def test_every_broken_rule_is_named_at_once(claims: Any) -> None:
    claim = claims.batch(
        owner="",
        idempotency_key="",
        files=[claims.file(0, nonce="", size=0), claims.file(5, sha256=b"")],
        rejected=[claims.rejected(1, errors=())],
    )
    assert broken_fields(claim) == [
        "owner",
        "idempotency_key",
        "files",
        "files[0].nonce",
        "files[0].size",
        "files[1].sha256",
        "rejected[0]",
    ]


class TestTheFingerprint:
    def test_is_the_same_for_the_same_files_under_new_ids(self, claims: Any) -> None:
        assert checked(claims.batch(2)).fingerprint == checked(claims.batch(2)).fingerprint

    def test_depends_on_the_order_of_the_upload_not_of_the_call(self, claims: Any) -> None:
        files = [claims.file(0), claims.file(1)]
        forwards = checked(claims.batch(files=files)).fingerprint
        assert checked(claims.batch(files=files[::-1])).fingerprint == forwards
        swapped = [replace(files[0], position=1), replace(files[1], position=0)]
        assert checked(claims.batch(files=swapped)).fingerprint != forwards

    @pytest.mark.parametrize(
        "changes", [{"file_name": "other.jpg"}, {"size": 7}, {"sha256": b"x" * 32}]
    )
    def test_changes_with_a_file(self, claims: Any, changes: dict[str, Any]) -> None:
        changed = claims.batch(files=[claims.file(0, **changes)])
        assert checked(changed).fingerprint != checked(claims.batch(1)).fingerprint

    def test_changes_with_what_was_refused(self, claims: Any) -> None:
        fingerprints = {
            checked(claims.batch(1, rejected=rejected)).fingerprint
            for rejected in (
                [],
                [claims.rejected(1)],
                [claims.rejected(1, file_name="other.txt")],
                [claims.rejected(1, errors=(("empty_file", "x"),))],
            )
        }
        assert len(fingerprints) == 4
