"""Every way to hand files to the page, and what it says of those that it cannot take."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Route, expect

_PASTE = """
([name, type, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([bytes], name, { type }));
  document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
}
"""


def names(files: Locator) -> set[str | None]:
    return {row.locator("bdi").text_content() for row in files.all()}


def test_files_chosen_with_the_button_are_listed_with_size_and_picture(
    photo_page: Any, make_photos: Any
) -> None:
    photo_page.choose(*make_photos(2))
    expect(photo_page.waiting).to_have_count(2)
    assert names(photo_page.waiting) == {"photo-000.jpg", "photo-001.jpg"}
    expect(photo_page.waiting.first).to_contain_text("kB · Ready")
    expect(photo_page.waiting.first.locator("canvas")).to_be_visible()
    expect(photo_page.button("Upload 2 files")).to_be_visible()
    # The form of those without scripts is not offered beside it.
    expect(photo_page.page.locator("#upload-form")).to_be_hidden()


def test_files_dropped_anywhere_are_listed_and_the_page_shows_that_it_takes_them(
    photo_page: Any, photo_folder: Path
) -> None:
    overlay = photo_page.page.get_by_text("Drop to add the photos")
    beach = photo_folder / "beach.jpg"
    expect(overlay).to_be_hidden()
    photo_page.drag("dragEnter", beach)
    expect(overlay).to_be_visible()
    photo_page.drag("dragOver", beach)
    photo_page.drag("drop", beach)
    expect(overlay).to_be_hidden()
    expect(photo_page.waiting).to_have_count(1)
    assert names(photo_page.waiting) == {"beach.jpg"}


def test_files_that_are_dragged_away_again_leave_the_page_as_it_was(
    photo_page: Any, photo_folder: Path
) -> None:
    photo_page.drag("dragEnter", photo_folder)
    expect(photo_page.page.get_by_text("Drop to add the photos")).to_be_visible()
    photo_page.page.locator("body").dispatch_event("dragleave")
    expect(photo_page.page.get_by_text("Drop to add the photos")).to_be_hidden()
    expect(photo_page.waiting).to_have_count(0)


def test_files_can_be_dropped_on_the_details_of_a_photo_too(
    photo_page: Any, make_photos: Any, photo_folder: Path
) -> None:
    page = photo_page.page
    beach = photo_folder / "beach.jpg"
    photo_page.choose(*make_photos(1))
    photo_page.send(1)
    expect(photo_page.photo("photo-000.jpg")).to_contain_text("Done")
    photo_page.photo("photo-000.jpg").get_by_role("button").first.click()
    title = page.get_by_role("dialog").get_by_role("heading")
    uncovered = title.screenshot()
    photo_page.drag("dragEnter", beach)
    expect(page.get_by_text("Drop to add the photos")).to_be_visible()
    assert title.screenshot() != uncovered
    photo_page.drag("dragOver", beach)
    photo_page.drag("drop", beach)
    expect(page.locator("#files")).to_contain_text("beach.jpg")
    assert title.screenshot() == uncovered


def test_a_dropped_folder_gives_the_photos_of_all_its_folders(
    photo_page: Any, photo_folder: Path
) -> None:
    for kind in ("dragEnter", "dragOver", "drop"):
        photo_page.drag(kind, photo_folder)
    expect(photo_page.waiting).to_have_count(3)
    assert names(photo_page.waiting) == {"beach.jpg", "hills.jpg", "lake.jpg"}
    expect(photo_page.page.locator("section.refused")).to_be_hidden()


def test_a_folder_chosen_with_its_button_gives_the_same(
    photo_page: Any, photo_folder: Path
) -> None:
    photo_page.choose(photo_folder, button="Choose a folder")
    expect(photo_page.waiting).to_have_count(3)
    assert names(photo_page.waiting) == {"beach.jpg", "hills.jpg", "lake.jpg"}
    expect(photo_page.page.locator("section.refused")).to_be_hidden()


def test_a_photo_from_the_clipboard_is_listed(photo_page: Any, make_photos: Any) -> None:
    [photo] = make_photos(1)
    content = photo_page.page.evaluate("bytes => btoa(bytes)", photo["buffer"].decode("latin-1"))
    photo_page.page.evaluate(_PASTE, ["image.jpg", "image/jpeg", content])
    expect(photo_page.waiting).to_have_count(1)
    expect(photo_page.button("Upload 1 file")).to_be_visible()


def test_a_phone_offers_its_camera_in_place_of_folders(visit: Callable[..., Any]) -> None:
    phone = visit(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    phone.open()
    expect(phone.button("Take a photo")).to_be_visible()
    expect(phone.button("Choose a folder")).to_be_hidden()
    with phone.page.expect_file_chooser() as chooser:
        phone.button("Take a photo").click()
    assert chooser.value.element.get_attribute("capture") == "environment"


def test_the_same_file_chosen_twice_is_listed_once(photo_page: Any, photo_folder: Path) -> None:
    photo_page.choose(photo_folder / "beach.jpg")
    expect(photo_page.waiting).to_have_count(1)
    photo_page.choose(photo_folder / "beach.jpg", photo_folder / "day two" / "lake.jpg")
    expect(photo_page.button("Upload 2 files")).to_be_visible()
    expect(photo_page.waiting).to_have_count(2)


def test_a_file_that_was_removed_can_be_chosen_again(photo_page: Any, make_photos: Any) -> None:
    for _ in range(2):
        with photo_page.page.expect_file_chooser() as chooser:
            photo_page.button("Choose files").click()
        assert chooser.value.element.get_attribute("accept") == ".jpg,.jpeg,.png,.webp,.pdf"
        chooser.value.set_files(make_photos(1))
        # A browser does not tell of a choice that is the same as the last one.
        assert chooser.value.element.evaluate("input => input.files.length") == 0
        photo_page.button("Remove photo-000.jpg").click()
        expect(photo_page.waiting).to_have_count(0)


def test_the_buttons_for_all_remove_what_is_ready_and_whatever_needs_attention(
    photo_page: Any, make_photos: Any, bad_files: Any
) -> None:
    failed, *ready = make_photos(3)
    photo_page.page.route("**/api/upload/", lambda route: route.fulfill(status=413, json={}))
    photo_page.choose(failed)
    photo_page.send(1)
    expect(photo_page.refused("photo-000.jpg")).to_contain_text("Not sent")
    photo_page.choose(*ready, bad_files[0])
    expect(photo_page.waiting).to_have_count(2)
    photo_page.button("Remove all").click()
    expect(photo_page.waiting).to_have_count(0)
    expect(photo_page.refused("photo-000.jpg")).to_be_visible()
    expect(photo_page.refused("notes.txt")).to_be_visible()
    photo_page.button("Remove them").click()
    expect(photo_page.page.locator("section.refused")).to_be_hidden()
    expect(photo_page.page.locator("li.file")).to_have_count(0)


def test_files_that_cannot_be_sent_are_shown_with_their_reasons_and_can_be_removed(
    photo_page: Any, make_photos: Any, bad_files: Any
) -> None:
    photo_page.choose(*make_photos(1), *bad_files)
    attention = photo_page.page.get_by_role("region", name="4 files need your attention")
    expect(attention).to_be_visible()
    for name, reason in {
        "notes.txt": "The extension is not one of jpg, jpeg, png, webp, pdf.",
        "letter.jpg": "The content is not what the extension promises.",
        "empty.png": "The file is empty.",
        "huge.jpg": "The file is larger than 5 MiB.",
    }.items():
        expect(photo_page.refused(name)).to_contain_text(reason)
        expect(photo_page.refused(name)).to_contain_text("Cannot be sent")
    expect(photo_page.button("Upload 1 file")).to_be_visible()

    photo_page.button("Remove notes.txt").click()
    expect(photo_page.refused("notes.txt")).to_have_count(0)
    photo_page.button("Remove them").click()
    expect(photo_page.page.locator("section.refused")).to_be_hidden()
    expect(photo_page.waiting).to_have_count(1)


def test_the_picture_of_a_photo_that_is_stored_turned_stands_upright(
    photo_page: Any, turned_photo: Any
) -> None:
    photo_page.choose(turned_photo)
    canvas = photo_page.waiting.first.locator("canvas")
    expect(canvas).to_be_visible()
    # 300 wide and 400 high, red above blue.
    assert canvas.evaluate("each => each.height > each.width")
    colours = canvas.evaluate(
        """each => {
          const copy = document.createElement("canvas");
          [copy.width, copy.height] = [each.width, each.height];
          const context = copy.getContext("2d", { willReadFrequently: true });
          context.drawImage(each, 0, 0);
          const at = (y) => [...context.getImageData(copy.width / 2, y, 1, 1).data];
          return [at(copy.height / 10), at(copy.height * 9 / 10)];
        }"""
    )
    (red_above, _, blue_above, _), (red_below, _, blue_below, _) = colours
    assert red_above > blue_above
    assert blue_below > red_below


def test_files_chosen_in_the_plain_form_before_the_scripts_are_there_are_listed(
    visit: Callable[..., Any], make_photos: Any
) -> None:
    photo_page = visit()
    page = photo_page.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/api/limits", hold)
    with page.expect_request("**/api/limits"):
        page.goto(f"{photo_page.base_url}/api/")
    form = page.locator("#images")
    form.set_input_files(make_photos(2))
    held[0].continue_()
    expect(photo_page.waiting).to_have_count(2)
    assert names(photo_page.waiting) == {"photo-000.jpg", "photo-001.jpg"}
    # As when the scripts come while the browser's own window for the choice is open.
    form.set_input_files(make_photos(3))
    expect(photo_page.button("Upload 5 files")).to_be_visible()
    assert form.evaluate("(input) => input.files.length") == 0
