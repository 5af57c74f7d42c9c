"""Sending: what is sent and what is not, how far it is, and how it is held and stopped."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Dialog, Route, expect

_UPLOAD = "**/api/upload/"
# Every value of the bars, as often as the page is drawn, and every line of figures.
_WATCH_BARS = """
() => {
  window.seen = { overall: [], single: 0, figures: [] };
  const figures = document.querySelector(".progress-figures");
  new MutationObserver(() => seen.figures.push(figures.textContent))
    .observe(figures, { childList: true });
  const look = () => {
    const bar = document.querySelector("#progress progress");
    if (!bar.hidden) {
      seen.overall.push(bar.value / bar.max);
    }
    seen.single = Math.max(seen.single, ...[...document.querySelectorAll("#files progress")]
      .filter((each) => !each.hidden).map((each) => each.value / each.max));
    requestAnimationFrame(look);
  };
  look();
}
"""
_FIGURES = re.compile(r"([\d.]+) \S+ of ([\d.]+) kB(?: · [\d.]+ \S+/s · (.+) left)?")


def test_of_a_mixed_choice_the_valid_files_are_sent_and_the_others_stay(
    photo_page: Any, make_photos: Any, bad_files: Any
) -> None:
    sent: list[bytes] = []
    photo_page.page.on(
        "request",
        lambda request: (
            sent.append(request.post_data_buffer or b"")
            if request.url.endswith("/api/upload/")
            else None
        ),
    )
    photo_page.choose(*make_photos(3), *bad_files)
    photo_page.send(3)
    expect(photo_page.photos).to_have_count(3)
    expect(photo_page.headline).to_have_text("3 files are sent")
    expect(photo_page.waiting).to_have_count(0)
    for each in bad_files:
        expect(photo_page.refused(each["name"])).to_be_visible()
        assert not any(each["name"].encode() in body for body in sent)
    for name in ("photo-000.jpg", "photo-001.jpg", "photo-002.jpg"):
        expect(photo_page.photo(name)).to_contain_text("Done")


def test_the_bars_and_figures_move_on_and_reach_their_ends(
    photo_page: Any, make_photos: Any
) -> None:
    network = photo_page.page.context.new_cdp_session(photo_page.page)
    photo_page.choose(*make_photos(6, (1600, 1200)))
    total = sum(len(each["buffer"]) for each in make_photos(6, (1600, 1200)))
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1}
    network.send("Network.emulateNetworkConditions", {**conditions, "uploadThroughput": total / 3})
    photo_page.page.evaluate(_WATCH_BARS)
    photo_page.send(6)
    expect(photo_page.headline).to_contain_text(" of 6 sent")
    expect(photo_page.headline).to_have_text("6 files are sent")
    expect(photo_page.overall).to_have_js_property("value", 1)
    seen = photo_page.page.evaluate("seen")
    assert seen["overall"] == sorted(seen["overall"])
    assert len(set(seen["overall"])) > 3
    assert seen["overall"][-1] == 1
    assert seen["single"] == 1

    lines = [line for line in seen["figures"] if line and not line.startswith("0 ")]
    told = [found for line in lines if (found := _FIGURES.fullmatch(line))]
    assert len(told) == len(lines), lines
    assert {found[2] for found in told} == {f"{total / 1000:.0f}"}
    assert any(found[3] for found in told), "how long it will take"


def test_an_upload_is_paused_and_resumed(photo_page: Any, make_photos: Any) -> None:
    held = photo_page.hold_uploads()
    photo_page.choose(*make_photos(3))
    with photo_page.page.expect_request(_UPLOAD):
        photo_page.send(3)
    photo_page.button("Pause").click()
    expect(photo_page.headline).to_have_text("Paused: 0 of 3 sent")
    expect(photo_page.waiting.first).to_contain_text("Paused")
    assert len(held) == 1
    photo_page.page.unroute(_UPLOAD)
    # Whoever pressed the one goes on from the other.
    expect(photo_page.button("Resume")).to_be_focused()
    photo_page.button("Resume").click()
    expect(photo_page.photos).to_have_count(3)


@pytest.mark.parametrize("is_paused", [False, True])
def test_an_upload_is_cancelled_and_its_files_can_be_sent_later(
    is_paused: bool, photo_page: Any, make_photos: Any
) -> None:
    photo_page.hold_uploads()
    photo_page.choose(*make_photos(2))
    with photo_page.page.expect_request(_UPLOAD):
        photo_page.send(2)
    if is_paused:
        photo_page.button("Pause").click()
        expect(photo_page.button("Resume")).to_be_visible()
    photo_page.button("Cancel").click()
    expect(photo_page.headline).to_have_text("2 files are ready")
    expect(photo_page.photos).to_have_count(0)
    photo_page.page.unroute(_UPLOAD)
    photo_page.send(2)
    expect(photo_page.photos).to_have_count(2)


def test_leaving_the_page_asks_only_while_files_are_sent(photo_page: Any, make_photos: Any) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    photo_page.page.on("dialog", stay)
    photo_page.hold_uploads()
    photo_page.choose(*make_photos(1))
    with photo_page.page.expect_request(_UPLOAD):
        photo_page.send(1)
    expect(photo_page.button("Pause")).to_be_visible()
    photo_page.page.evaluate("() => { setTimeout(() => location.reload()); }")
    expect(photo_page.page.locator("body")).to_be_visible()
    photo_page.page.wait_for_function("() => true")
    assert asked == ["beforeunload"]

    photo_page.button("Cancel").click()
    expect(photo_page.headline).to_have_text("1 file is ready")
    photo_page.page.reload()
    assert asked == ["beforeunload"]


def test_a_hundred_files_arrive(photo_page: Any, make_photos: Any) -> None:
    photo_page.choose(*make_photos(100))
    photo_page.send(100)
    expect(photo_page.headline).to_have_text("100 files are sent")
    expect(photo_page.photos).to_have_count(100)
    expect(photo_page.photos.filter(has_text="Done")).to_have_count(100)


def answer(status: int, code: str, **more: Any) -> Callable[[Route], None]:
    """Answers an upload in place of the service."""
    problem = {"type": "about:blank", "status": status, "code": code, "detail": "", **more}

    def fulfil(route: Route) -> None:
        route.fulfill(status=status, content_type="application/problem+json", json=problem)

    return fulfil


def test_a_file_that_the_service_refuses_is_shown_like_one_that_the_page_refused(
    photo_page: Any, make_photos: Any
) -> None:
    errors = [{"code": "content_mismatch", "detail": ""}]
    rejected = [{"file_name": "photo-000.jpg", "errors": errors}]
    photo_page.page.route(_UPLOAD, answer(422, "no_valid_files", rejected=rejected))
    photo_page.choose(*make_photos(1))
    photo_page.send(1)
    refused = photo_page.refused("photo-000.jpg")
    expect(refused).to_contain_text("Not accepted")
    expect(refused).to_contain_text("The content is not what the extension promises.")
    photo_page.button("Remove photo-000.jpg").click()
    expect(refused).to_have_count(0)


def test_a_file_that_could_not_be_sent_says_why_and_is_sent_again(
    photo_page: Any, make_photos: Any
) -> None:
    photo_page.page.route(_UPLOAD, answer(413, "body_too_large"))
    photo_page.choose(*make_photos(1))
    photo_page.send(1)
    refused = photo_page.refused("photo-000.jpg")
    expect(refused).to_contain_text("Not sent")
    expect(refused).to_contain_text("The upload is too large.")
    photo_page.page.unroute(_UPLOAD)
    photo_page.button("Send photo-000.jpg again").click()
    expect(refused).to_have_count(0)
    expect(photo_page.photos.filter(has_text="Done")).to_have_count(1)
