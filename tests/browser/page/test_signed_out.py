"""A page whose visitor signs out in another tab, while its stream of events stays open."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from local_stack.running_stack import RunningStack

# More than go out at the same time: three requests of ten files each.
_MANY = 31


@pytest.fixture
def sign_in(closed_stack: RunningStack) -> Callable[[Page], None]:
    def sign(tab: Page) -> None:
        tab.get_by_label("API key").fill((closed_stack.local_dir / "api-key").read_text("ascii"))
        tab.get_by_role("button", name="Sign in").click()
        expect(tab.locator("html.js")).to_be_attached()

    return sign


@pytest.fixture
def signed_in(
    visit: Callable[..., Any], closed_stack: RunningStack, sign_in: Callable[[Page], None]
) -> Any:
    """A page with an open stream of events."""
    opened = visit(closed_stack.base_url)
    opened.page.goto(f"{closed_stack.base_url}/api/")
    sign_in(opened.page)
    expect(opened.page.locator("#link-state")).to_have_attribute("data-link", "live")
    return opened


def sign_out_in_another_tab(photo_page: Any) -> None:
    other = photo_page.page.context.new_page()
    other.goto(f"{photo_page.base_url}/api/")
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    other.close()


def test_an_upload_is_held_until_there_is_a_session_again_and_the_page_says_so(
    signed_in: Any, sign_in: Callable[[Page], None], make_photos: Any
) -> None:
    page = signed_in.page
    sign_out_in_another_tab(signed_in)
    keys: set[str] = set()
    page.on("request", lambda sent: keys.add(sent.headers.get("idempotency-key", "")))
    signed_in.choose(*make_photos(_MANY))
    signed_in.send(_MANY)
    expect(signed_in.headline).to_have_text(f"Paused: 0 of {_MANY} sent")
    expect(page.get_by_text("Sign in with an API key first.", exact=True)).to_be_visible()
    expect(page.locator("#announcer")).to_have_text(
        f"Paused: 0 of {_MANY} sent. Sign in with an API key first."
    )
    expect(page.locator("section.refused")).to_be_hidden()
    assert len(keys - {""}) <= 3
    line = page.locator("#link-state")
    expect(line).to_contain_text("You are signed out")
    assert Axe().run(page).response["violations"] == []

    with page.expect_popup() as opened:
        line.get_by_role("link", name="Sign in again in another tab").click()
    sign_in(opened.value)
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(line).to_be_empty()
    signed_in.button("Resume").click()
    expect(signed_in.headline).to_have_text(f"{_MANY} files are sent")
    expect(signed_in.photos).to_have_count(_MANY)


def test_an_action_on_a_photo_that_is_refused_says_that_the_session_has_ended(
    signed_in: Any, make_photos: Any
) -> None:
    page = signed_in.page
    signed_in.choose(*make_photos(1))
    signed_in.send(1)
    photo = signed_in.photo("photo-000.jpg").first
    expect(photo).to_contain_text("Done")
    sign_out_in_another_tab(signed_in)
    photo.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(photo.get_by_role("alert")).to_have_text("Sign in with an API key first.")
    expect(page.locator("#link-state")).to_contain_text("You are signed out")
