"""A double press does what a single one does, whatever takes the place of the pressed button."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

_NOW = datetime(2030, 1, 1, tzinfo=UTC)
# As long as nobody presses a button on purpose that was not there before.
_MILLISECONDS = 600


@pytest.fixture
def about_to_send(photo_page: Any, make_photos: Any) -> Any:
    """Three files are ready; time stands still, and uploads do not arrive."""
    photo_page.hold_uploads()
    photo_page.choose(*make_photos(3))
    expect(photo_page.button("Upload 3 files")).to_be_visible()
    photo_page.page.clock.install(time=_NOW)
    photo_page.page.clock.pause_at(_NOW + timedelta(seconds=1))
    return photo_page


def expect_sending(photo_page: Any) -> None:
    expect(photo_page.headline).to_have_text("0 of 3 sent")
    expect(photo_page.button("Pause")).to_be_visible()
    expect(photo_page.button("Resume")).to_be_hidden()


def test_the_second_click_does_not_press_what_the_first_one_has_brought(about_to_send: Any) -> None:
    page, pause = about_to_send.page, about_to_send.button("Pause")
    about_to_send.button("Upload 3 files").click()
    expect(pause).to_be_visible()
    box = pause.bounding_box()
    place = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.click(*place)
    expect_sending(about_to_send)
    # To some a double click is slow.
    page.clock.run_for(_MILLISECONDS)
    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)
    expect_sending(about_to_send)
    page.mouse.click(*place)
    expect(about_to_send.button("Resume")).to_be_visible()


def test_the_second_press_of_a_key_does_not_press_what_the_first_one_has_brought(
    about_to_send: Any,
) -> None:
    page, pause = about_to_send.page, about_to_send.button("Pause")
    about_to_send.button("Upload 3 files").press("Enter")
    expect(pause).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    expect_sending(about_to_send)
    page.clock.run_for(_MILLISECONDS)
    page.keyboard.press("Enter")
    expect(about_to_send.button("Resume")).to_be_focused()


def test_a_key_that_is_held_presses_once(about_to_send: Any) -> None:
    page = about_to_send.page
    about_to_send.button("Upload 3 files").focus()
    page.keyboard.down("Enter")
    expect(about_to_send.button("Pause")).to_be_focused()
    page.clock.run_for(_MILLISECONDS)
    # As a keyboard does it.
    page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    expect_sending(about_to_send)
