"""What a screen reader is given to say."""

from typing import Any

from playwright.sync_api import expect

_PASTE = """
(name) => {
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File(["text"], name));
  document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
}
"""
# How many files are in which state, one change after the other.
_NEWS_OF = """
async (changes) => {
  const main = document.querySelector("script[src$='main.js']").src;
  const { announceUpload } = await import(new URL("upload_news.js", main));
  const queue = Object.assign(new EventTarget(), { entries: new Map() });
  const said = [];
  announceUpload(queue, {
    now: (text) => said.push(["now", text]),
    summary: (text) => said.push(["summary", text]),
  });
  for (const counts of changes) {
    const states = Object.entries(counts).flatMap(([state, count]) => Array(count).fill(state));
    queue.entries = new Map(states.map((state, id) => [id, { state, size: 1, problem: null }]));
    queue.dispatchEvent(new Event("change"));
  }
  return said;
}
"""


def test_news_are_told_while_the_details_of_a_photo_are_open_and_after(
    photo_page: Any, make_photos: Any
) -> None:
    page = photo_page.page
    photo_page.choose(*make_photos(1))
    photo_page.send(1)
    expect(photo_page.photos.filter(has_text="Done")).to_have_count(1)
    photo_page.photos.first.get_by_role("button").first.click()
    page.evaluate(_PASTE, "one.txt")
    # All outside of an open dialog is inert.
    expect(page.get_by_role("dialog").locator("#announcer")).to_have_text(
        "1 file needs your attention"
    )
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.evaluate(_PASTE, "two.txt")
    expect(page.locator("main > #announcer")).to_have_text("2 files need your attention")


def test_many_files_that_are_refused_are_told_at_once_only_when_all_are_checked(
    photo_page: Any,
) -> None:
    said = photo_page.page.evaluate(
        _NEWS_OF,
        [
            {"checking": 100},
            {"checking": 60, "invalid": 40},
            {"checking": 1, "invalid": 99},
            {"ready": 1, "invalid": 99},
            {"ready": 1, "invalid": 98},
            {"ready": 1, "invalid": 99},
        ],
    )
    assert said == [
        ["summary", "40 files need your attention"],
        ["summary", "99 files need your attention"],
        ["now", "99 files need your attention"],
        ["now", "99 files need your attention"],
    ]
