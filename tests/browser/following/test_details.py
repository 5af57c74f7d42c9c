"""The details of a photo: what is known of it, and the way through the list."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect


@pytest.fixture
def three(visitor: Any, jpeg: bytes) -> list[dict[str, Any]]:
    """Newest last, as uploaded; the list shows them the other way round."""
    visitor.follow()
    tasks: list[dict[str, Any]] = visitor.finished(
        visitor.upload([(name, jpeg) for name in ("old.jpg", "middle.jpg", "new.jpg")])
    )
    visitor.until_shown(tasks, "SUCCESS")
    return tasks


def facts_of(details: Locator) -> dict[str, str]:
    facts: dict[str, str] = details.locator("dl").evaluate(
        """(list) => Object.fromEntries([...list.querySelectorAll("dt")].map((term) =>
          [term.textContent, term.nextElementSibling.textContent]))"""
    )
    return facts


def exif_of_a_camera() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = "Canon"
    exif[0x0110] = "Canon EOS R5"
    details = exif.get_ifd(0x8769)
    details[0x9003] = "2026:05:01 12:30:15"
    details[0x9011] = "+02:00"
    details[0x829A] = 0.008
    details[0x829D] = 1.2
    details[0x8827] = 100
    details[0x920A] = 50.0
    details[0xA434] = "RF50mm F1.2 L USM"
    return exif


def test_the_details_say_what_is_known_of_a_photo(visitor: Any, make_jpeg: Any) -> None:
    visitor.follow()
    photo = make_jpeg(size=(1600, 1200), exif=exif_of_a_camera())
    [task] = visitor.finished(visitor.upload([("camera.jpg", photo)]))
    details = visitor.open_details("camera.jpg")
    expect(details).to_contain_text("Done")
    facts = facts_of(details)
    result = task["result"]
    assert facts["Dimensions"] == "1600 \N{MULTIPLICATION SIGN} 1200"
    assert facts["Format"] == "JPEG"
    assert facts["Camera"] == "Canon EOS R5"
    assert facts["Lens"] == "RF50mm F1.2 L USM"
    assert facts["Exposure"] == "1/125 sec · f/1.2 · ISO 100 · 50 mm"
    assert facts["Taken"].startswith("May 1, 2026 at 12:30")
    assert facts["Taken"].endswith("(UTC+02:00)")
    assert facts["Random number"] == str(result["random_number"])
    assert facts["Processing time"].endswith(" sec")
    assert facts["Photo id"] == str(task["photo_id"])
    assert facts["Task id"] == task["task_id"]
    assert "Pages" not in facts
    preview = details.get_by_role("img", name=f"Preview of {visitor.isolated('camera.jpg')}")
    expect(preview).to_have_attribute("data-loaded", "")
    assert preview.evaluate("(image) => image.naturalWidth") == 1280


def test_a_document_has_pages_and_no_camera(visitor: Any, tmp_path: Path) -> None:
    pages = [Image.new("RGB", (100, 140), color) for color in ("white", "grey", "black")]
    path = tmp_path / "three.pdf"
    pages[0].save(path, save_all=True, append_images=pages[1:])
    visitor.follow()
    visitor.finished(visitor.upload([("three.pdf", path.read_bytes())]))
    facts = facts_of(visitor.open_details("three.pdf"))
    assert (facts["Format"], facts["Pages"]) == ("PDF", "3")
    assert "Camera" not in facts


def test_the_original_is_a_download_and_the_renditions_open(visitor: Any, jpeg: bytes) -> None:
    visitor.follow()
    visitor.finished(visitor.upload([("фото 1.jpg", jpeg)]))
    details = visitor.open_details("фото 1.jpg")
    with visitor.page.expect_download() as download:
        details.get_by_role("link", name="Original").click()
    assert download.value.suggested_filename == "фото 1.jpg"
    assert download.value.path().read_bytes() == jpeg
    with visitor.page.expect_popup() as opened:
        details.get_by_role("link", name="Thumbnail").click()
    expect(opened.value.locator("img")).to_have_count(1)


@pytest.mark.usefixtures("three")
def test_escape_closes_the_details_and_the_focus_goes_back(visitor: Any) -> None:
    page = visitor.page
    visitor.open_details("middle.jpg")
    expect(page.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(
        page.get_by_role("button", name=f"Details of {visitor.isolated('middle.jpg')}")
    ).to_be_focused()


@pytest.mark.usefixtures("three")
def test_the_arrow_keys_lead_through_the_list_and_the_focus_to_where_they_led(
    visitor: Any,
) -> None:
    page = visitor.page
    visitor.open_details("middle.jpg")
    title = page.locator("#details h2")
    page.keyboard.press("ArrowRight")
    expect(title).to_have_text("old.jpg")
    page.keyboard.press("ArrowRight")
    expect(title).to_have_text("old.jpg")
    expect(page.get_by_role("button", name="Next")).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(title).to_have_text("new.jpg")
    # It leads nowhere, but does not take the focus away from whoever stands on it.
    page.get_by_role("button", name="Previous").click(force=True)
    expect(title).to_have_text("new.jpg")
    page.get_by_role("button", name="Close").click()
    expect(
        page.get_by_role("button", name=f"Details of {visitor.isolated('new.jpg')}")
    ).to_be_focused()


@pytest.mark.usefixtures("three")
def test_a_click_beside_the_dialog_closes_it(visitor: Any) -> None:
    visitor.open_details("new.jpg")
    visitor.page.mouse.click(2, 2)
    expect(visitor.page.get_by_role("dialog")).to_have_count(0)


def test_the_details_change_as_their_photo_does(visitor: Any, truncated: bytes) -> None:
    visitor.follow(start=False)
    [task] = visitor.upload([("a.jpg", truncated)])
    visitor.page.evaluate("(task) => following.store.upsert(task)", task)
    details = visitor.open_details("a.jpg")
    expect(details).to_contain_text("Waiting")
    visitor.page.evaluate("following.watch.start()")
    expect(details).to_contain_text("Failed")
    expect(details).to_contain_text("The file ends too early")


def test_a_failed_photo_can_be_tried_again_from_its_details(visitor: Any, truncated: bytes) -> None:
    [failed] = visitor.finished(visitor.upload([("broken.jpg", truncated)]))
    visitor.follow()
    visitor.until_link("live")
    details = visitor.open_details("broken.jpg")
    visitor.page.route("**/retry", lambda route: route.abort())
    retry = details.get_by_role("button", name="Try again")
    retry.click()
    expect(details.get_by_role("alert")).to_have_text("The service cannot be reached.")
    visitor.page.unroute("**/retry")
    retry.click()
    # The same file fails again, as a new run of the same task.
    visitor.until(
        "following.store.tasks[0].status === 'FAILURE'"
        " && following.store.tasks[0].finished_at !== it",
        failed["finished_at"],
    )
    expect(details).to_contain_text("The file ends too early")
    expect(details.get_by_role("alert")).to_be_hidden()


def test_the_focus_goes_on_from_trying_again_to_how_the_photo_stands(
    visitor: Any, truncated: bytes
) -> None:
    [failed] = visitor.finished(visitor.upload([("broken.jpg", truncated)]))
    begun = {
        "status": "PENDING",
        "stage": "processing",
        "started_at": "2999-01-01T00:00:00Z",
        "finished_at": None,
        "error": None,
    }
    visitor.page.route("**/retry", lambda route: route.fulfill(status=202, json=failed | begun))
    visitor.follow(start=False)
    visitor.page.evaluate("following.gallery.start()")
    details = visitor.open_details("broken.jpg")
    details.get_by_role("button", name="Try again").press("Enter")
    status = details.get_by_text("Being processed")
    expect(status).to_be_visible()
    assert status.evaluate("(text) => text.parentElement === document.activeElement")
    expect(details.get_by_role("button", name="Try again")).to_be_hidden()


def test_the_details_of_a_photo_that_is_deleted_close(
    visitor: Any, three: list[dict[str, Any]]
) -> None:
    visitor.until_link("live")
    visitor.open_details("old.jpg")
    visitor.http.delete(f"/api/tasks/{three[0]['task_id']}")
    expect(visitor.page.get_by_role("dialog")).to_have_count(0)
    expect(visitor.page.locator("#gallery")).to_be_focused()


def test_the_arrow_keys_go_on_to_photos_that_were_not_loaded_yet(visitor: Any, jpeg: bytes) -> None:
    names = [f"{number}.jpg" for number in range(50)]
    visitor.finished(visitor.upload([(name, jpeg) for name in names]))
    visitor.follow(start=False)
    visitor.page.evaluate("following.store.loadMore()")
    visitor.until("following.store.size === 48")
    visitor.open_details("2.jpg")
    visitor.page.keyboard.press("ArrowRight")
    expect(visitor.page.locator("#details h2")).to_have_text("1.jpg")
