"""Numbers as people read them."""

from datetime import timedelta

import pytest

from admin_console.figures import at_most, byte_count, count, details, duration


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (99_949, "99.9 kB"),
        (123_456_789, "123 MB"),
        (2_500_000_000_000, "2.5 TB"),
        (7 * 10**18, "7000 PB"),
    ],
)
def test_bytes_have_a_unit_that_fits(number: int, text: str) -> None:
    assert byte_count(number) == text


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (0.0423, "42 ms"),
        (-3.0, "0 ms"),
        (1, "1.0 s"),
        (timedelta(seconds=75), "1 min 15 s"),
        (timedelta(hours=3, minutes=59, seconds=59), "3 h 59 min"),
        (timedelta(days=40, hours=2), "40 d 2 h"),
        (3600, "1 h"),
    ],
)
def test_durations_have_two_units_at_most(length: timedelta | float, text: str) -> None:
    assert duration(length) == text


def test_what_was_counted_only_so_far_says_so() -> None:
    assert (at_most(100_000, 100_000), at_most(100_001, 100_000)) == (
        "100,000",
        "more than 100,000",
    )
    assert count(1_234_567) == "1,234,567"


def test_details_of_an_audit_line_are_one_line() -> None:
    assert details({"action": "delete", "filter": {"owner": "a"}, "matched": None}) == (
        "action: delete, filter: (owner: a), matched: None"
    )
    assert details({}) == "-"
