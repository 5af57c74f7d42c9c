"""What an action came to is told by the address of the page that follows."""

import pytest
from starlette.requests import Request

from admin_console.notices import address_after, address_after_one, notice_of, without_notice
from admin_console.photo_actions import Outcome
from photo_domain.errors import ErrorCode
from photo_domain.task_id import new_task_id

PHOTOS = "/admin/photos/?status=FAILURE"


def request_of(address: str) -> Request:
    path, _, query = address.partition("?")
    return Request(
        {
            "type": "http",
            "path": path,
            "query_string": query.encode(),
            "headers": [],
            "method": "GET",
        }
    )


def test_the_page_that_follows_counts_what_was_done_and_says_why_the_rest_was_not() -> None:
    outcomes = [Outcome(new_task_id()), Outcome(new_task_id(), ErrorCode.TASK_NOT_FAILED)]
    address = address_after(PHOTOS, outcomes)
    assert address.startswith(PHOTOS)
    notice = notice_of(request_of(address))
    assert notice is not None
    assert (notice.done, notice.refused) == (1, 1)
    assert notice.reason == "only a failed task can be retried"


def test_the_notice_of_an_earlier_action_goes() -> None:
    first = address_after_one(PHOTOS, ErrorCode.OUTCOME_UNKNOWN)
    assert without_notice(first) == PHOTOS
    notice = notice_of(request_of(address_after_one(first, None)))
    assert notice is not None
    assert (notice.done, notice.refused) == (1, 0)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://example.com/admin/",
        "//example.com/admin/",
        "/api/",
        "",
        "javascript:alert(1)",
        "/admin/\r\nSet-Cookie: a=b",
        "/admin\\..\\x",
    ],
)
def test_no_form_leads_away_from_the_console(elsewhere: str) -> None:
    assert address_after_one(elsewhere, None) == "/admin/?done=1&refused=0"


@pytest.mark.parametrize(
    "query", ["", "done=0&refused=0", "done=x", "done=-1", "done=99999999999", "done=%C2%B2"]
)
def test_an_address_that_tells_nothing_makes_no_notice(query: str) -> None:
    assert notice_of(request_of(f"/admin/?{query}")) is None


def test_a_forged_reason_is_not_repeated() -> None:
    notice = notice_of(request_of("/admin/?refused=1&why=call+0900-123"))
    assert notice is not None
    assert notice.reason == "the ingest service refused"
