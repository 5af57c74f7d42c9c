"""The page of a service that asks for a key."""

from collections.abc import Callable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from local_stack.running_stack import RunningStack


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


def test_a_wrong_key_leads_back_to_its_field(
    visit: Callable[..., Any], closed_stack: RunningStack
) -> None:
    photo_page = visit(closed_stack.base_url)
    photo_page.page.goto(f"{closed_stack.base_url}/api/")
    key = photo_page.page.get_by_label("API key")
    key.fill("not a key")
    photo_page.button("Sign in").press("Enter")
    expect(photo_page.page.get_by_role("alert")).to_be_visible()
    expect(key).to_be_focused()


def test_what_a_signed_in_visitor_chose_never_becomes_an_anonymous_ones(
    photo_page: Any, stack: RunningStack, make_photos: Any
) -> None:
    page = photo_page.page
    key = (stack.local_dir / "api-key").read_text("ascii")
    answer = page.request.post(
        f"{stack.base_url}/api/session", headers={"Authorization": f"Bearer {key.strip()}"}
    )
    assert answer.status == 201
    photo_page.open()
    page.context.clear_cookies()
    photo_page.choose(*make_photos(1))
    photo_page.send(1)
    expect(photo_page.headline).to_have_text("Paused: 0 of 1 sent")
    expect(page.get_by_text("Sign in with an API key first.", exact=True)).to_be_visible()
    expect(photo_page.photos).to_have_count(0)


def test_a_page_whose_session_has_ended_says_so_and_comes_back_after_signing_in_elsewhere(
    visit: Callable[..., Any], closed_stack: RunningStack
) -> None:
    photo_page = visit(closed_stack.base_url)
    page = photo_page.page
    key = (closed_stack.local_dir / "api-key").read_text("ascii")

    def sign_in(tab: Page) -> None:
        tab.get_by_label("API key").fill(key)
        tab.get_by_role("button", name="Sign in").click()
        expect(tab.locator("html.js")).to_be_attached()

    page.goto(f"{closed_stack.base_url}/api/")
    sign_in(page)
    line = page.locator("#link-state")
    other = page.context.new_page()
    other.goto(f"{closed_stack.base_url}/api/")
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    # The stream ends at some time, and is refused from then on.
    page.context.set_offline(offline=True)
    expect(line).to_contain_text("No connection")
    page.context.set_offline(offline=False)
    expect(line).to_contain_text("You are signed out")
    assert Axe().run(page).response["violations"] == []

    with page.expect_popup() as opened:
        line.get_by_role("link", name="Sign in again in another tab").click()
    sign_in(opened.value)
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(line).to_be_empty()
