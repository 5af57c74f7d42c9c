"""What the words say is also seen: in colours and icons, by day and by night."""

import re
from typing import Any

from playwright.sync_api import Locator, expect

_LIT = """
(each) => {
  const { outlineStyle, outlineWidth } = getComputedStyle(each);
  return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
}
"""


def style(place: Locator, name: str) -> str:
    value: str = place.evaluate("(each, name) => getComputedStyle(each)[name]", name)
    return value


def colours(place: Locator) -> tuple[str, str]:
    return style(place, "color"), style(place, "backgroundColor")


def icon(place: Locator) -> str:
    return (place.locator("use").get_attribute("href") or "").rpartition("#")[2]


def lightness(colour: str) -> int:
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3])


def test_what_goes_wrong_differs_in_colours_and_icons_from_what_goes_well(
    photo_page: Any, make_photos: Any, bad_files: Any, broken_photo: Any
) -> None:
    page = photo_page.page
    photo_page.choose(*make_photos(1), bad_files[0], broken_photo)
    well, wrong = photo_page.waiting.first, photo_page.refused("notes.txt")
    expect(well).to_contain_text("Ready")
    expect(wrong).to_contain_text("Cannot be sent")
    for name in ("backgroundColor", "borderLeftColor", "borderLeftWidth"):
        assert style(wrong, name) != style(well, name), name
    states = [each.locator(".file-state") for each in (well, wrong)]
    assert style(states[0], "color") != style(states[1], "color")
    assert [icon(each) for each in states] == ["image", "warning"]
    # What only a screen reader says takes no place.
    announcer = page.locator("#announcer")
    expect(announcer).not_to_be_empty()
    assert announcer.evaluate("each => [each.offsetWidth, each.offsetHeight]") == [1, 1]

    photo_page.send(2)
    done, failed = (photo_page.photo(name) for name in ("photo-000.jpg", "broken.png"))
    expect(done).to_contain_text("Done")
    expect(failed).to_contain_text("Failed")
    assert style(failed, "borderTopColor") != style(done, "borderTopColor")
    states = [each.locator(".status") for each in (done, failed)]
    for done_colour, failed_colour in zip(*map(colours, states), strict=True):
        assert done_colour != failed_colour
    assert [icon(each) for each in states] == ["done", "failed"]


def test_the_page_is_dark_for_those_who_asked_for_that(photo_page: Any) -> None:
    html = photo_page.page.locator("html")
    for scheme, sign in (("light", 1), ("dark", -1)):
        photo_page.page.emulate_media(color_scheme=scheme)
        text, ground = map(lightness, colours(html))
        assert sign * (ground - text) > 300, scheme


def test_whatever_the_tab_key_leads_to_is_outlined(
    photo_page: Any, make_photos: Any, bad_files: Any
) -> None:
    page = photo_page.page
    photo_page.choose(*make_photos(1), bad_files[0])
    expect(photo_page.button("Upload 1 file")).to_be_visible()
    expect(photo_page.refused("notes.txt")).to_be_visible()
    last = photo_page.button("Remove photo-000.jpg")
    focused = page.locator("*:focus")
    page.locator("#name a").focus()
    for _ in range(20):
        page.keyboard.press("Tab")
        assert focused.evaluate(_LIT), focused.evaluate("each => each.outerHTML")
        if last.evaluate("each => each === document.activeElement"):
            return
    raise AssertionError("the Tab key does not lead through the page")
