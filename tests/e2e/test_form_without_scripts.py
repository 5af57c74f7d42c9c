"""The page of a browser that runs no script: a form, then a page that comes again by itself."""

import re
from collections.abc import Iterator, Sequence
from html import unescape
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

# As Chromium, Firefox and Safari ask for a page.
ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
REFRESH = '<meta http-equiv="refresh"'

Form = Sequence[tuple[str, tuple[str | None, bytes | str]]]


class Browser:
    """Sends forms and follows redirects, with cookies, as a person would see it."""

    def __init__(self, base_url: str) -> None:
        self.http = httpx.Client(
            base_url=base_url,
            follow_redirects=True,
            trust_env=False,
            timeout=60,
            headers={"Accept": ACCEPT},
        )

    def send(self, *files: tuple[str, bytes], token: str | None = None) -> httpx.Response:
        """Fill the form of the page in and send it."""
        page = self.http.get("/").text
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert found
        form: Form = [("csrfmiddlewaretoken", (None, token or found[1]))]
        return self.http.post("/api/upload/", files=[*form, *(("images", file) for file in files)])


@pytest.fixture
def browser(stack: Any) -> Iterator[Browser]:
    visitor = Browser(stack.base_url)
    yield visitor
    visitor.http.close()


def ended(browser: Browser, page: httpx.Response, wait_until: Any) -> str:
    """The page once it no longer comes again by itself."""
    pages = [page.text]

    def looks_no_more() -> bool:
        pages.append(browser.http.get(page.url).text)
        return REFRESH not in pages[-1]

    wait_until(looks_no_more, "the page of the upload ends")
    return pages[-1]


def test_a_form_leads_to_a_page_that_shows_the_photos_when_they_are_done(
    browser: Browser, jpeg: bytes, wait_until: Any
) -> None:
    answer = browser.send(("a <b>.jpg", jpeg), ("notes.txt", b"notes"))
    assert [step.status_code for step in answer.history] == [303]
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    page = ended(browser, answer, wait_until)
    assert "Done: 1. Failed: 0. Waiting: 0." in page
    assert "a &lt;b&gt;.jpg" in page
    assert "notes.txt" in page
    assert "extension" in page
    [source] = re.findall(r'<img src="([^"]+)"', page)
    photo = browser.http.get(unescape(source))
    assert Image.open(BytesIO(photo.content)).format == "WEBP"


def test_the_page_comes_again_by_itself_while_photos_wait(
    stack: Any, browser: Browser, jpeg: bytes, standing_still: Any, wait_until: Any
) -> None:
    with standing_still(stack.processes()["worker"]["pid"]):
        page = browser.send(("a.jpg", jpeg))
        assert REFRESH in page.text
        assert "Waiting: 1." in page.text
    assert "Done: 1." in ended(browser, page, wait_until)


def test_a_photo_that_fails_says_why_on_the_page(
    browser: Browser, jpeg: bytes, wait_until: Any
) -> None:
    page = ended(browser, browser.send(("broken.jpg", jpeg[:200])), wait_until)
    assert "Failed: 1." in page
    assert re.search(r"<td>Failed: [A-Z]", page)


def test_a_form_of_which_nothing_is_accepted_leads_to_a_page_that_names_each_reason(
    browser: Browser,
) -> None:
    answer = browser.send(("notes.txt", b"notes"), ("fake.jpg", b"no photo at all"))
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "text/html; charset=utf-8")
    for text in ("notes.txt", "fake.jpg", "no_valid_files", '<a href="/api/">'):
        assert text in answer.text


def test_a_form_with_a_token_of_another_session_leads_to_a_page_that_says_so(
    browser: Browser, jpeg: bytes
) -> None:
    answer = browser.send(("a.jpg", jpeg), token="somebody-elses")
    assert (answer.status_code, "csrf_failed" in answer.text) == (403, True)


def test_a_script_that_sends_the_same_form_gets_json(browser: Browser, jpeg: bytes) -> None:
    browser.http.headers["Accept"] = "*/*"
    answer = browser.send(("a.jpg", jpeg))
    assert (answer.status_code, len(answer.json()["task_ids"])) == (202, 1)
