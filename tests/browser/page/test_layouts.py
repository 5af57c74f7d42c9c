"""The page on small screens, and on large ones at 200 %."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

_UPLOAD = "**/api/upload/"
_PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
_WORDS = {
    "en-GB": ("Choose files", "Upload 4 files"),
    "ru-RU": ("Выбрать файлы", "Загрузить 4 файла"),
}
# All at once: what is above them may go between two looks.
_TOPS = "cards => cards.map((each) => each.getBoundingClientRect().top)"
_TOO_WIDE = "each => each.scrollWidth > each.clientWidth"


def is_too_wide(page: Any) -> bool:
    """Whether it has to be scrolled sideways."""
    answer: bool = page.locator("html").evaluate(_TOO_WIDE)
    return answer


@pytest.mark.parametrize("locale", _WORDS)
def test_on_a_small_phone_nothing_has_to_be_scrolled_sideways(
    locale: str, visit: Callable[..., Any], make_photos: Any, bad_files: Any, broken_photo: Any
) -> None:
    phone = visit(**_PHONE, locale=locale)
    page = phone.page
    choose, send = _WORDS[locale]
    long_name = {**bad_files[0], "name": "x" * 200 + ".txt"}

    phone.open()
    assert not is_too_wide(page), "empty"
    phone.choose(*make_photos(3), *bad_files, long_name, broken_photo, button=choose)
    expect(phone.button(send)).to_be_visible()
    expect(page.locator("section.refused li.file")).to_have_count(5)
    assert not is_too_wide(page), "chosen"
    phone.button(send).click()
    expect(page.locator("article[data-status=SUCCESS]")).to_have_count(3)
    expect(page.locator("article[data-status=FAILURE]")).to_have_count(1)
    assert not is_too_wide(page), "done"

    tops = page.get_by_role("article").evaluate_all(_TOPS)
    assert tops[0] == tops[1] < tops[2] == tops[3], "two photos in a row"
    page.get_by_role("article").nth(1).get_by_role("button").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("dt").first).to_be_visible()
    assert not dialog.evaluate(_TOO_WIDE), "details"
    assert dialog.bounding_box()["width"] == 360


def test_at_200_percent_all_fits_and_nothing_stays_in_the_way(
    visit: Callable[..., Any], make_photos: Any, bad_files: Any
) -> None:
    # What is left of 1280 by 900.
    zoomed = visit(viewport={"width": 640, "height": 450}, device_scale_factor=2)
    page = zoomed.page
    zoomed.open()
    zoomed.choose(*make_photos(12), *bad_files)
    held = zoomed.hold_uploads()
    with page.expect_request(_UPLOAD):
        zoomed.send(12)
    expect(zoomed.headline).to_have_text("0 of 12 sent")
    assert not is_too_wide(page), "sending"
    # A bar that stayed at the top would take a third of what can be seen.
    page.locator("#files").evaluate("each => each.scrollIntoView()")
    expect(zoomed.waiting.first).to_be_in_viewport()
    expect(zoomed.headline).not_to_be_in_viewport()

    page.route(_UPLOAD, lambda route: route.continue_())
    for route in held:
        route.continue_()
    expect(zoomed.photos.filter(has_text="Done")).to_have_count(12)
    assert not is_too_wide(page), "done"
    zoomed.photos.first.get_by_role("button").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Random number")
    assert not dialog.evaluate(_TOO_WIDE), "details"
    dialog.get_by_role("button", name="Next").scroll_into_view_if_needed()
    expect(dialog.get_by_role("button", name="Close")).to_be_in_viewport(ratio=1)


def test_the_page_of_an_upload_without_scripts_can_be_read_on_a_small_phone(
    visit: Callable[..., Any], make_photos: Any, broken_photo: Any
) -> None:
    # Its words are the longer ones.
    plain = visit(**_PHONE, java_script_enabled=False, locale="ru-RU")
    page = plain.page
    page.goto(f"{plain.base_url}/api/")
    page.get_by_label("Файлы", exact=True).set_input_files([*make_photos(1), broken_photo])
    page.get_by_role("button", name="Загрузить").click()
    expect(page.get_by_text("Ожидает: 0.")).to_be_visible()
    assert not is_too_wide(page)
    for words in page.locator("tbody th, tbody td:nth-child(2)").all():
        box = words.bounding_box()
        assert box is not None
        assert box["width"] >= 200
    expect(page.get_by_role("img")).to_be_in_viewport(ratio=1)
