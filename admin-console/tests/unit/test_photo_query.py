"""The fields of a query become a filter, or an answer that says what is wrong with them."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from admin_console.photo_query import read_photo_query
from photo_domain.failure import FailureCode
from photo_domain.task_state import TaskStatus
from photo_records.photo_filter import PhotoFilter
from photo_records.task_queue import Lane

_ID = "019abcde-0000-7000-8000-000000000001"


def test_every_field_has_its_place_in_the_filter() -> None:
    query = read_photo_query(
        {
            "status": "FAILURE",
            "error_code": "timeout",
            "format": "jpeg",
            "lane": "bulk",
            "waiting": "yes",
            "from": "2026-11-16",
            "until": "2026-11-17T08:30",
            "name": "IMG_",
            "owner": "alice",
            "batch_id": _ID,
            "sha256": "ab" * 32,
            "task_id": _ID,
            "photo_id": "42",
        }
    )
    assert query.errors == {}
    wanted = query.wanted
    assert wanted.status is TaskStatus.FAILURE
    assert wanted.error_code is FailureCode.TIMEOUT
    assert (wanted.lane, wanted.waiting) == (Lane.BULK, True)
    assert wanted.from_time == datetime(2026, 11, 16, tzinfo=UTC)
    assert wanted.until_time == datetime(2026, 11, 17, 8, 30, tzinfo=UTC)
    assert (wanted.name_prefix, wanted.owner, wanted.photo_id) == ("IMG_", "alice", 42)
    assert (wanted.batch_id, wanted.task_id) == (UUID(_ID), UUID(_ID))
    assert wanted.sha256 == b"\xab" * 32


def test_empty_fields_and_those_of_others_ask_for_everything() -> None:
    query = read_photo_query({"status": "", "owner": "  ", "after": "x", "csrf_token": "y"})
    assert (query.wanted, query.fields, query.errors) == (PhotoFilter(), {}, {})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("status", "pending"),
        ("error_code", "no_such_code"),
        ("format", "gif"),
        ("lane", "express"),
        ("waiting", "no"),
        ("from", "yesterday"),
        ("from", "0001-01-01T00:00+14:00"),
        ("until", "9999-12-31"),
        ("until", "1969-12-31"),
        ("name", "x" * 256),
        ("owner", "a\0b"),
        ("batch_id", "abc"),
        ("task_id", "{"),
        ("sha256", "ab" * 31),
        ("sha256", "zz" * 32),
        ("photo_id", "0"),
        ("photo_id", "-1"),
        ("photo_id", "²"),
        ("photo_id", "9" * 400),
    ],
)
def test_a_wrong_field_is_named_and_leaves_no_filter(name: str, text: str) -> None:
    query = read_photo_query({name: text})
    assert list(query.errors) == [name]
    assert query.fields == {}
    assert query.wanted == PhotoFilter()


def test_a_time_of_another_zone_is_kept_as_utc() -> None:
    query = read_photo_query({"from": "2026-11-16T02:00+02:00"})
    assert query.fields == {"from": "2026-11-16T00:00:00"}


def test_what_a_query_states_can_be_read_again() -> None:
    first = read_photo_query({"from": "2026-11-16T00:00:00.123456", "owner": "a&b", "lane": "bulk"})
    assert read_photo_query(first.fields) == first
    assert first.described[0] == ("Lane", "bulk")
    assert first.query_string(lane="") == "from=2026-11-16T00%3A00%3A00.123456&owner=a%26b"
