"""Whoever works with the keyboard stays where they are while the page changes under them."""

from typing import Any

from playwright.sync_api import Route, expect

_UPLOAD = "**/api/upload/"


def refuse(route: Route) -> None:
    problem = {"type": "about:blank", "status": 413, "code": "body_too_large", "detail": ""}
    route.fulfill(status=413, content_type="application/problem+json", json=problem)


def test_sending_a_file_again_leaves_the_focus_in_its_row_whatever_becomes_of_it(
    photo_page: Any, make_photos: Any
) -> None:
    page = photo_page.page
    page.route(_UPLOAD, refuse)
    photo_page.choose(*make_photos(1))
    photo_page.send(1)
    page.unroute(_UPLOAD, refuse)
    held = photo_page.hold_uploads()
    again = photo_page.button("Send photo-000.jpg again")
    remove = photo_page.button("Remove photo-000.jpg")
    with page.expect_request(_UPLOAD):
        again.press("Enter")
    expect(photo_page.waiting.first).to_contain_text("Being sent")
    expect(remove).to_be_focused()

    refuse(held[0])
    expect(photo_page.refused("photo-000.jpg")).to_contain_text("Not sent")
    expect(remove).to_be_focused()

    with page.expect_request(_UPLOAD):
        again.press("Enter")
    expect(remove).to_be_focused()
    page.clock.install()
    held[1].continue_()
    row = photo_page.waiting.first
    page.clock.run_for(200)
    expect(photo_page.photos).to_have_count(1)
    page.clock.run_for(200)
    expect(row).to_contain_text("Sent")
    expect(row).to_be_focused()
    page.clock.run_for(5_000)
    expect(photo_page.waiting).to_have_count(0)
    expect(photo_page.button("Choose files")).to_be_focused()
