"""What visitors see of their photos."""

import re
from typing import Any

import pytest
from playwright.sync_api import Route, expect

STRANGE_NAMES = [
    "<b>bold</b> & <script>alert(1)</script>.jpg".replace("/", ""),
    "صورة من الشاطئ 12.jpg",
    "👩‍👩‍👧‍👦 🏖️.jpg",
    "{name} {count}.jpg",
]


def away(route: Route) -> None:
    route.fulfill(status=503, json={"code": "service_unavailable", "detail": ""})


def away_for_long(route: Route) -> None:
    problem = {"code": "service_unavailable", "detail": ""}
    route.fulfill(status=503, json=problem, headers={"Retry-After": "600"})


def test_a_photo_shows_how_it_stands_until_it_is_done(visitor: Any, jpeg: bytes) -> None:
    visitor.follow()
    visitor.until_link("live")
    visitor.upload([("beach.jpg", jpeg)])
    shown = visitor.card("beach.jpg")
    expect(shown).to_contain_text("Done")
    expect(shown).to_contain_text("64 \N{MULTIPLICATION SIGN} 48")
    expect(shown.locator("img")).to_have_attribute("data-loaded", "")
    assert shown.locator("img").evaluate("(image) => image.naturalWidth") > 0
    expect(shown.get_by_role("button", name="Try again")).to_be_hidden()


@pytest.mark.parametrize(
    ("stage", "attempts", "words", "symbol"),
    [
        ("queued", 0, "Waiting", "waiting"),
        ("processing", 1, "Being processed", "processing"),
        ("processing", 3, "attempt 3", "processing"),
        ("waiting_to_retry", 2, "Waiting to be tried again", "retry"),
    ],
)
def test_a_pending_photo_says_at_which_stage_it_is_in_words_and_as_an_icon(
    visitor: Any, jpeg: bytes, stage: str, attempts: int, words: str, symbol: str
) -> None:
    visitor.follow(start=False)
    [task] = visitor.upload([("a.jpg", jpeg)])
    task |= {"stage": stage, "attempts": attempts}
    visitor.page.evaluate("(task) => following.store.upsert(task)", task)
    shown = visitor.card("a.jpg")
    expect(shown).to_contain_text(words)
    expect(shown.locator(".status use")).to_have_attribute("href", re.compile(f"#{symbol}$"))
    assert shown.get_attribute("data-status") == "PENDING"


def test_the_placeholder_is_there_first_and_turns_into_the_thumbnail(
    visitor: Any, make_jpeg: Any
) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    visitor.page.route("**/renditions/thumbnail", hold)
    visitor.follow()
    visitor.upload([("red.jpg", make_jpeg("#d02010"))])
    shown = visitor.card("red.jpg")
    canvas = shown.locator("canvas")
    expect(canvas).to_be_visible()
    red, green, blue, alpha = canvas.evaluate(
        "(canvas) => [...canvas.getContext('2d').getImageData(3, 3, 1, 1).data]"
    )
    assert red > 190
    assert max(green, blue) < 60
    assert alpha == 255
    [color] = visitor.page.evaluate(
        "following.store.tasks.map(({ result }) => result.dominant_color)"
    )
    rgb = ", ".join(str(value) for value in bytes.fromhex(color[1:]))
    expect(shown.get_by_role("button").first).to_have_css("background-color", f"rgb({rgb})")
    expect(shown.locator("img")).not_to_have_attribute("data-loaded", "")
    for route in held:
        route.continue_()
    expect(shown.locator("img")).to_have_attribute("data-loaded", "")
    # Nothing shines through a drawing without ground.
    expect(canvas).to_have_count(0)


def test_a_thumbnail_that_did_not_come_is_asked_for_again(visitor: Any, jpeg: bytes) -> None:
    tries: list[Route] = []

    def fail_once(route: Route) -> None:
        tries.append(route)
        if len(tries) == 1:
            route.abort()
        else:
            route.continue_()

    visitor.page.route("**/renditions/thumbnail", fail_once)
    visitor.follow()
    visitor.upload([("a.jpg", jpeg)])
    expect(visitor.card("a.jpg").locator("img")).to_have_attribute("data-loaded", "")
    assert len(tries) == 2


@pytest.mark.parametrize("name", STRANGE_NAMES)
def test_a_name_is_text_whatever_it_looks_like(visitor: Any, jpeg: bytes, name: str) -> None:
    visitor.follow()
    visitor.upload([(name, jpeg)])
    expect(visitor.page.locator("#gallery h3 bdi")).to_have_text(name)
    assert visitor.page.locator("#gallery bdi > *").count() == 0
    visitor.page.get_by_role("button", name=f"Details of {visitor.isolated(name)}").click()
    expect(visitor.page.locator("#details h2 bdi")).to_have_text(name)


def test_a_reload_shows_the_same_photos_in_the_same_order(
    visitor: Any, jpeg: bytes, truncated: bytes
) -> None:
    visitor.follow()
    visitor.until_link("live")
    for name, content in (("a.jpg", jpeg), ("b.jpg", truncated), ("c.jpg", jpeg)):
        visitor.finished(visitor.upload([(name, content)]))
    states = visitor.page.locator("#gallery article")
    expect(states.filter(has_text="Done")).to_have_count(2)
    expect(states.filter(has_text="Failed")).to_have_count(1)
    before = states.all_inner_texts()
    visitor.reload()
    expect(states).to_have_count(3)
    assert states.all_inner_texts() == before


def test_older_photos_come_as_the_end_of_the_list_comes_near(visitor: Any, jpeg: bytes) -> None:
    names = [f"{number}.jpg" for number in range(60)]
    visitor.finished(visitor.upload([(name, jpeg) for name in names]))
    visitor.follow(start=False)
    visitor.page.evaluate("following.gallery.start()")
    cards = visitor.page.locator("#gallery article")
    expect(cards).to_have_count(48)
    new = visitor.upload([("new.jpg", jpeg)])
    visitor.page.evaluate("(tasks) => tasks.map((task) => following.store.upsert(task))", new)
    visitor.page.locator("#more").scroll_into_view_if_needed()
    expect(cards).to_have_count(61)
    expect(visitor.page.locator("#more")).to_be_hidden()
    # Not their inner texts: what is out of view is not rendered.
    shown = visitor.page.locator("#gallery h3").all_text_contents()
    assert shown == ["new.jpg", *reversed(names)]


def test_a_list_that_cannot_be_loaded_says_so_and_can_be_asked_again(
    visitor: Any, jpeg: bytes
) -> None:
    visitor.finished(visitor.upload([("a.jpg", jpeg)]))
    visitor.page.route("**/api/tasks?*", away_for_long)
    visitor.follow(start=False)
    visitor.page.evaluate("following.gallery.start()")
    problem = visitor.page.locator("#gallery + .problem")
    expect(problem).to_have_text("A part of the service does not answer. Try again in a moment.")
    visitor.page.unroute("**/api/tasks?*")
    visitor.page.get_by_role("button", name="Show more").click()
    expect(visitor.card("a.jpg")).to_be_visible()
    expect(problem).to_be_hidden()


def test_a_list_that_could_not_be_loaded_comes_by_itself_later(visitor: Any, jpeg: bytes) -> None:
    visitor.finished(visitor.upload([("a.jpg", jpeg)]))
    visitor.page.route("**/api/tasks?*", away)
    visitor.follow(start=False)
    visitor.page.evaluate("following.gallery.start()")
    problem = visitor.page.locator("#gallery + .problem")
    expect(problem).to_be_visible()
    visitor.page.unroute("**/api/tasks?*")
    expect(visitor.card("a.jpg")).to_be_visible()
    expect(problem).to_be_hidden()
    expect(visitor.page.get_by_role("button", name="Show more")).to_be_hidden()


def test_cards_speak_russian_too(visitor: Any, jpeg: bytes, truncated: bytes) -> None:
    visitor.finished(visitor.upload([("a.jpg", jpeg), ("b.jpg", truncated)]))
    visitor.follow(language="ru")
    expect(visitor.card("a.jpg")).to_contain_text("Готово")
    expect(visitor.card("b.jpg")).to_contain_text("Файл обрывается раньше времени")
    visitor.page.get_by_role("button", name=f"Подробности: {visitor.isolated('a.jpg')}").click()
    expect(visitor.page.get_by_role("dialog")).to_contain_text("Время обработки")
