"""The opaque texts with which callers come back."""

from datetime import UTC, datetime

import pytest

from photo_domain.errors import ErrorCode, RequestError
from status_service.resume_points import (
    WatchCursor,
    cursor_text,
    page_token,
    parse_cursor,
    parse_page_token,
)

NOW = datetime(2026, 5, 1, 12, 30, 15, 123456, tzinfo=UTC)


@pytest.mark.parametrize("photo_id", [1, 2**31, 2**63 - 1])
def test_a_page_token_leads_back_to_its_photo(photo_id: int) -> None:
    assert parse_page_token(page_token(photo_id)) == photo_id


@pytest.mark.parametrize("after", [None, 0, 7, 2**63 - 1])
def test_a_cursor_leads_back_to_its_moment(after: int | None) -> None:
    cursor = WatchCursor(NOW, after)
    assert parse_cursor(cursor_text(cursor)) == cursor


def test_the_texts_can_stand_in_an_address_and_in_a_header() -> None:
    for text in (page_token(2**63 - 1), cursor_text(WatchCursor(NOW, 2**63 - 1))):
        assert text.isascii()
        assert text.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "é" * 12,
        "é" * 23,
        "=" * 12,
        " " * 23,
        "A" * 12,
        "A" * 23,
        "_" * 12,
        "_" * 23,
        page_token(5) + "A",
        page_token(5)[:-1],
        cursor_text(WatchCursor(NOW))[:-1] + "9",
        "x" * 1_000_000,
    ],
)
def test_texts_that_are_not_ours_are_refused(text: str) -> None:
    for parse, field in ((parse_page_token, "page_token"), (parse_cursor, "cursor")):
        with pytest.raises(RequestError) as caught:
            parse(text)
        assert caught.value.code is ErrorCode.INVALID_ARGUMENT
        assert [violation.field for violation in caught.value.violations] == [field]


def test_one_kind_of_text_is_not_taken_for_the_other() -> None:
    with pytest.raises(RequestError):
        parse_cursor(page_token(1))
    with pytest.raises(RequestError):
        parse_page_token(cursor_text(WatchCursor(NOW)))
