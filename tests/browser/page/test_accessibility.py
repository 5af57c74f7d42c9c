"""axe-core finds nothing to mend on any state of the page (WCAG 2.2 AA and best practices)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

_UPLOAD = "**/api/upload/"
LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True},
}


def violations(page: Any) -> list[str]:
    """What axe finds, a line for each place."""
    # Half faded in, colours are none that anybody chose.
    page.wait_for_function(
        "() => document.getAnimations().every((each) => !each.effect"
        " || each.effect.getTiming().iterations === Infinity)"
    )
    found = Axe().run(page)
    return [
        f"{rule['id']}: {node['html']} ({node['failureSummary']})"
        for rule in found.response["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("look", LOOKS)
def test_no_state_of_an_upload_has_violations(
    look: str,
    visit: Callable[..., Any],
    make_photos: Any,
    bad_files: Any,
    broken_photo: Any,
    photo_folder: Path,
) -> None:
    photo_page = visit(**LOOKS[look])
    page = photo_page.page
    photo_page.open()
    expect(page.get_by_text("Nothing here yet.")).to_be_visible()
    assert violations(page) == [], "empty"

    photo_page.drag("dragEnter", photo_folder)
    expect(page.get_by_text("Drop to add the photos")).to_be_visible()
    assert violations(page) == [], "files above it"
    page.locator("body").dispatch_event("dragleave")

    photo_page.choose(*make_photos(3), *bad_files, broken_photo)
    expect(photo_page.waiting).to_have_count(4)
    expect(photo_page.button("Upload 4 files")).to_be_visible()
    assert violations(page) == [], "chosen"

    page.route(_UPLOAD, lambda route: None)
    with page.expect_request(_UPLOAD):
        photo_page.send(4)
    expect(photo_page.waiting.first).to_contain_text("Being sent")
    assert violations(page) == [], "sending"

    photo_page.button("Pause").click()
    expect(photo_page.button("Resume")).to_be_visible()
    assert violations(page) == [], "paused"

    page.unroute(_UPLOAD)
    photo_page.button("Resume").click()
    expect(photo_page.photo("broken.png")).to_contain_text("Failed")
    expect(photo_page.photos.filter(has_text="Done")).to_have_count(3)
    expect(photo_page.waiting).to_have_count(0)
    assert violations(page) == [], "done and failed"

    photo_page.photo("photo-000.jpg").get_by_role("button").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("Random number")
    assert violations(page) == [], "details"
    page.keyboard.press("Escape")

    photo_page.photo("broken.png").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == [], "question"


def test_photos_that_wait_and_a_page_without_connection_have_no_violations(
    photo_page: Any, make_photos: Any, standing_still: Any
) -> None:
    with standing_still("worker"):
        photo_page.choose(*make_photos(2))
        photo_page.send(2)
        expect(photo_page.photos).to_have_count(2)
        expect(photo_page.waiting).to_have_count(0)
        assert violations(photo_page.page) == [], "waiting"
        photo_page.page.context.set_offline(offline=True)
        expect(photo_page.page.get_by_text("No connection; ")).to_be_visible()
        assert violations(photo_page.page) == [], "offline"


def test_the_pages_for_browsers_without_scripts_have_no_violations(
    visit: Callable[..., Any], make_photos: Any, bad_files: Any
) -> None:
    photo_page = visit()
    page = photo_page.page
    # The page's own scripts stay away, axe may run.
    page.route("**/main.js", lambda route: route.abort())
    page.goto(f"{photo_page.base_url}/api/")
    assert violations(page) == [], "form"
    page.get_by_label("Files", exact=True).set_input_files([*make_photos(2), *bad_files[:2]])
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("Done: 2.")).to_be_visible()
    assert violations(page) == [], "batch"
    page.goto(f"{photo_page.base_url}/api/")
    page.get_by_label("Files", exact=True).set_input_files(bad_files[:2])
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("no_valid_files")).to_be_visible()
    assert violations(page) == [], "problem"
