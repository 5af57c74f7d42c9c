"""The page of a service that asks for a key."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from local_stack.running_stack import RunningStack, temporary_stack


@pytest.fixture(scope="module")
def closed_stack() -> Iterator[RunningStack]:
    with temporary_stack({"AUTH": "required"}) as running:
        yield running


def test_a_key_opens_the_page_and_signing_out_closes_it(
    visit: Callable[..., Any], closed_stack: RunningStack, make_photos: Any
) -> None:
    photo_page = visit(closed_stack.base_url)
    page = photo_page.page
    page.goto(f"{closed_stack.base_url}/api/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_role("button", name="Choose files")).to_have_count(0)
    assert Axe().run(page).response["violations"] == []

    page.get_by_label("API key").fill("not a key")
    photo_page.button("Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("This API key is unknown or has expired.")
    assert Axe().run(page).response["violations"] == []

    page.get_by_label("API key").fill((closed_stack.local_dir / "api-key").read_text("ascii"))
    photo_page.button("Sign in").click()
    photo_page.choose(*make_photos(1))
    photo_page.send(1)
    expect(photo_page.photos.filter(has_text="Done")).to_have_count(1)

    photo_page.button("Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
