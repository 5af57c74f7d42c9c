"""Files that were refused for what is no fault of theirs are sent again all at once."""

from typing import Any

from playwright.sync_api import Route, expect

_UPLOAD = "**/api/upload/"


def refuse(route: Route) -> None:
    problem = {"type": "about:blank", "status": 413, "code": "body_too_large", "detail": ""}
    route.fulfill(status=413, content_type="application/problem+json", json=problem)


def test_all_that_failed_is_sent_again_with_one_press_and_the_others_stay(
    photo_page: Any, make_photos: Any, bad_files: Any
) -> None:
    page = photo_page.page
    again, remove = photo_page.button("Send them again"), photo_page.button("Remove them")
    page.route(_UPLOAD, refuse)
    photo_page.choose(*make_photos(23), bad_files[0])
    expect(photo_page.refused("notes.txt")).to_be_visible()
    # Nothing can be done about a file that is none.
    expect(again).to_be_hidden()
    photo_page.send(23)
    expect(page.get_by_role("heading", name="24 files need your attention")).to_be_visible()

    page.unroute(_UPLOAD, refuse)
    again.press("Enter")
    expect(photo_page.headline).to_have_text("23 files are sent")
    expect(photo_page.photos).to_have_count(23)
    expect(photo_page.refused("notes.txt")).to_be_visible()
    expect(again).to_be_hidden()
    # The focus is not lost with what had it.
    expect(remove).to_be_focused()
    remove.press("Enter")
    expect(page.locator("section.refused")).to_be_hidden()
    expect(photo_page.button("Choose files")).to_be_focused()
