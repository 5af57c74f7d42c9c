"""Task ids and the object keys that come from them."""

import re
import time
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

import pytest

from photo_domain.object_keys import is_nonce, new_nonce, original_key, rendition_key
from photo_domain.task_id import (
    MAX_AGE,
    MAX_CLOCK_SKEW,
    birth_of,
    new_task_id,
    parse_task_id,
    refuse_task_id,
)

TASK_ID = UUID("01919a3c-5e00-7abc-8def-0123456789ab")
BIRTH = datetime(2024, 8, 28, 18, 25, 33, 184_000, tzinfo=UTC)
# The bits that RFC 9562 5.7 leaves to chance: rand_a and rand_b.
RANDOM_BITS = (0xFFF << 64) | (1 << 62) - 1
MILLISECOND = timedelta(milliseconds=1)
NONCE = "00ff" * 8


def test_a_new_id_is_a_uuid_of_version_7() -> None:
    task_id = new_task_id()
    assert (task_id.version, task_id.variant) == (7, RFC_4122)


def test_a_new_id_carries_the_time_of_its_birth() -> None:
    before = time.time_ns() // 1_000_000
    task_id = new_task_id()
    after = time.time_ns() // 1_000_000
    assert before <= birth_of(task_id).timestamp() * 1000 <= after


def test_at_least_62_bits_of_an_id_are_random() -> None:
    ids = [new_task_id().int & RANDOM_BITS for _ in range(512)]
    assert len(set(ids)) == len(ids)
    ever_set = ever_clear = 0
    for value in ids:
        ever_set |= value
        ever_clear |= ~value & RANDOM_BITS
    # A random bit keeps one value 512 times with a chance of 2 to the -511.
    assert (ever_set & ever_clear).bit_count() >= 62


def test_ids_of_one_millisecond_do_not_come_in_order() -> None:
    ids = [new_task_id() for _ in range(200)]
    assert ids != sorted(ids)


def test_the_birth_is_in_the_first_48_bits() -> None:
    assert birth_of(TASK_ID) == BIRTH


@pytest.mark.parametrize(
    "now",
    [BIRTH, BIRTH + MAX_AGE, BIRTH - MAX_CLOCK_SKEW, BIRTH + timedelta(hours=1)],
)
def test_an_id_is_accepted_from_its_birth_to_its_greatest_age(now: datetime) -> None:
    assert refuse_task_id(TASK_ID, now) is None


def test_an_id_is_too_old_after_six_hours() -> None:
    refusal = refuse_task_id(TASK_ID, BIRTH + timedelta(hours=6) + MILLISECOND)
    assert refusal is not None
    assert "older" in refusal


def test_an_id_from_further_in_the_future_than_clocks_differ_is_refused() -> None:
    refusal = refuse_task_id(TASK_ID, BIRTH - MAX_CLOCK_SKEW - MILLISECOND)
    assert refusal is not None
    assert "future" in refusal


@pytest.mark.parametrize(
    "task_id",
    [
        UUID("1fde1930-e706-11f1-9d01-02fc00000001"),  # version 1
        UUID("e06a4813-7370-41a3-bf59-73bc6045da4c"),  # version 4
        UUID(int=0),
        UUID(int=(1 << 128) - 1),
        UUID("01919a3c-5e00-7abc-0def-0123456789ab"),  # version 7 of another variant
        UUID("01919a3c-5e00-6abc-8def-0123456789ab"),
    ],
    ids=str,
)
def test_other_uuids_are_refused_whatever_the_time(task_id: UUID) -> None:
    refusal = refuse_task_id(task_id, BIRTH)
    assert refusal is not None
    assert "UUIDv7" in refusal


def test_a_time_beyond_every_calendar_is_refused_not_raised() -> None:
    task_id = UUID("ffffffff-ffff-7abc-8def-0123456789ab")
    assert refuse_task_id(task_id, BIRTH) is not None


def test_a_canonical_id_is_parsed_in_any_case_of_letters() -> None:
    assert parse_task_id(str(TASK_ID)) == TASK_ID
    assert parse_task_id(str(TASK_ID).upper()) == TASK_ID


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        TASK_ID.hex,
        f"{{{TASK_ID}}}",
        f"urn:uuid:{TASK_ID}",
        f" {TASK_ID}",
        f"{TASK_ID}\n",
        str(TASK_ID)[:-1],
        str(TASK_ID) + "0",
        str(TASK_ID).replace("-", "_"),
        str(TASK_ID).replace("0", "\u0660"),  # digits of another script
        "0191-9a3c5e00-7abc-8def-0123456789ab",
        "\ud800",
        "g" * 36,
    ],
    ids=ascii,
)
def test_any_other_spelling_is_no_id(text: str) -> None:
    assert parse_task_id(text) is None


def test_the_key_of_an_original_has_the_day_of_the_id_and_the_nonce() -> None:
    assert original_key(TASK_ID, NONCE) == f"originals/20240828/{TASK_ID}-{NONCE}"


def test_the_key_of_a_rendition_has_the_day_of_the_id_and_the_revision() -> None:
    assert rendition_key(TASK_ID, 3, "preview") == f"renditions/20240828/{TASK_ID}/3/preview"


def test_a_nonce_has_128_bits_and_comes_once() -> None:
    nonces = {new_nonce() for _ in range(512)}
    assert len(nonces) == 512
    assert all(is_nonce(nonce) and re.fullmatch("[0-9a-f]{32}", nonce) for nonce in nonces)


@pytest.mark.parametrize(
    "text", ["", "0" * 31, "0" * 33, "A" * 32, "g" * 32, "0" * 31 + "\n", "../" + "0" * 29]
)
def test_other_texts_are_no_nonce(text: str) -> None:
    assert not is_nonce(text)
