"""What becomes of the photos, for people who use the page in their own way."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect


def test_results_survive_a_reload(photo_page: Any, make_photos: Any, broken_photo: Any) -> None:
    photo_page.choose(*make_photos(2), broken_photo)
    photo_page.send(3)
    expect(photo_page.photo("broken.png")).to_contain_text("The file is damaged")
    expect(photo_page.photos.filter(has_text="Done")).to_have_count(2)
    photo_page.page.reload()
    expect(photo_page.photos).to_have_count(3)
    expect(photo_page.photo("broken.png")).to_contain_text("Failed")
    expect(photo_page.photo("photo-001.jpg")).to_contain_text("Done")
    expect(photo_page.photo("photo-001.jpg").locator("img[data-loaded]")).to_be_visible()


def press_until_focused(photo_page: Any, target: Any, key: str = "Tab") -> None:
    """Goes through the page with a key, as often as there are things on it at most."""
    for _ in range(60):
        if target.evaluate("each => each === document.activeElement"):
            return
        photo_page.page.keyboard.press(key)
    raise AssertionError(f"{key} does not lead to {target}")


def test_everything_from_choosing_to_the_details_can_be_done_with_keys_alone(
    photo_page: Any, make_photos: Any, bad_files: Any
) -> None:
    keys = photo_page.page.keyboard
    press_until_focused(photo_page, photo_page.button("Choose files"))
    with photo_page.page.expect_file_chooser() as chooser:
        keys.press("Enter")
    chooser.value.set_files([*make_photos(2), bad_files[0]])

    remove = photo_page.button("Remove notes.txt")
    press_until_focused(photo_page, remove)
    keys.press("Space")
    expect(photo_page.page.locator("section.refused")).to_be_hidden()
    # The focus is not lost with the row.
    expect(photo_page.button("Choose files")).to_be_focused()

    press_until_focused(photo_page, photo_page.button("Upload 2 files"))
    keys.press("Enter")
    expect(photo_page.photos.filter(has_text="Done")).to_have_count(2)
    picture = photo_page.photos.first.get_by_role("button").first
    press_until_focused(photo_page, picture)
    keys.press("Enter")
    dialog = photo_page.page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("Random number")
    keys.press("ArrowRight")
    expect(dialog.get_by_role("heading")).to_have_text("photo-000.jpg")
    keys.press("Escape")
    expect(dialog).to_be_hidden()
    expect(photo_page.photo("photo-000.jpg").get_by_role("button").first).to_be_focused()


def test_a_screen_reader_is_told_how_the_upload_goes_in_few_words(
    photo_page: Any, make_photos: Any, bad_files: Any
) -> None:
    photo_page.page.evaluate(
        "() => { window.said = []; new MutationObserver(() => {"
        ' const { textContent } = document.getElementById("announcer");'
        " if (textContent) { said.push(textContent); }"
        ' }).observe(document.getElementById("announcer"), { childList: true }); }'
    )
    photo_page.choose(*make_photos(30), bad_files[0])
    photo_page.send(30)
    expect(photo_page.headline).to_have_text("30 files are sent")
    said = photo_page.page.evaluate("said")
    assert "1 file needs your attention" in said
    assert said[-1] == "30 files are sent"
    assert len(said) <= 6, said


def test_the_page_speaks_russian_to_those_who_read_it_and_can_be_switched(
    visit: Callable[..., Any], make_photos: Any, bad_files: Any
) -> None:
    russian = visit(locale="ru-RU")
    russian.open()
    page = russian.page
    assert page.locator("html").get_attribute("lang") == "ru"
    russian.choose(*make_photos(2), bad_files[0], button="Выбрать файлы")
    expect(page.get_by_role("region", name="1 файл требует внимания")).to_be_visible()
    expect(page.get_by_text("Расширение")).to_be_visible()
    russian.button("Загрузить 2 файла").click()
    photos = page.get_by_role("region", name="Ваши фотографии").get_by_role("article")
    expect(photos.filter(has_text="Готово")).to_have_count(2)

    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="Upload photos")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Upload photos")).to_be_visible()
    expect(russian.photos.filter(has_text="Done")).to_have_count(2)


def test_without_scripts_a_plain_form_leads_to_a_page_that_shows_the_photos(
    visit: Callable[..., Any], make_photos: Any
) -> None:
    plain = visit(java_script_enabled=False)
    page = plain.page
    page.goto(f"{plain.base_url}/api/")
    # Nothing is offered that needs scripts.
    expect(plain.button("Choose files")).to_be_hidden()
    page.get_by_label("Files", exact=True).set_input_files(make_photos(2))
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("heading", name="Your upload")).to_be_visible()
    # It comes again by itself.
    expect(page.get_by_text("Done: 2. Failed: 0. Waiting: 0.")).to_be_visible()
    expect(page.get_by_role("img")).to_have_count(2)


def test_people_who_asked_for_less_motion_get_none(visit: Callable[..., Any]) -> None:
    calm = visit(reduced_motion="reduce")
    calm.open()
    moving = (
        "() => [...document.querySelectorAll('*')].filter((each) => {"
        " const style = getComputedStyle(each);"
        " return style.animationName !== 'none' || parseFloat(style.transitionDuration) > 0; })"
        ".length"
    )
    assert calm.page.evaluate(moving) == 0
