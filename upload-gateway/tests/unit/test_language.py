import pytest
from starlette.requests import Request

from upload_gateway.language import choice_of_language, language_of, preferred


def request(query: str = "", **headers: str) -> Request:
    named = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": "https",
            "server": ("gateway", 443),
            "path": "/api/",
            "query_string": query.encode(),
            "headers": named,
        }
    )


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "en"),
        ("ru", "ru"),
        ("ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", "ru"),
        ("en-US,en;q=0.9,ru;q=0.8", "en"),
        ("EN;q=0.2, RU;q=0.3", "ru"),
        ("uk, ru;q=0.5", "ru"),
        ("ru;q=0", "en"),
        ("de", "en"),
        ("*", "en"),
        ("en;q=0, *", "ru"),
        ("en;q=0.1, *;q=0.5", "ru"),
        # What does not follow RFC 9110 counts as not said.
        ("ru;q=2", "en"),
        ("ru;q=", "en"),
        (";;;,,,=", "en"),
        ("ru" * 5000, "en"),
    ],
)
def test_the_language_with_the_highest_weight_is_spoken(accept: str, language: str) -> None:
    assert preferred(accept) == language


def test_what_was_chosen_counts_for_more_than_what_the_browser_asks_for() -> None:
    assert language_of(request(accept_language="ru")) == "ru"
    assert language_of(request(accept_language="ru", cookie="language=en")) == "en"
    assert language_of(request(accept_language="ru", cookie="language=xx")) == "ru"


@pytest.mark.parametrize("query", ["", "language=xx", "language=", "other=en"])
def test_no_language_of_ours_is_no_choice(query: str) -> None:
    assert choice_of_language(request(query)) is None


def test_a_choice_leads_back_to_the_same_page_and_is_kept() -> None:
    answer = choice_of_language(request("language=ru&more=1"))
    assert answer
    assert (answer.status_code, answer.headers["Location"]) == (303, "/api/")
    cookie = answer.headers["Set-Cookie"].lower()
    assert cookie.startswith("language=ru;")
    assert all(each in cookie for each in ("samesite=lax", "httponly", "secure", "path=/;"))
