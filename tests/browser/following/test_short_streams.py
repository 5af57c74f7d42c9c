"""Streams that open and end at once, as behind a proxy that cuts them off."""

from typing import Any

from playwright.sync_api import Route

EVENTS = "**/api/events*"

# Each stream opens, and the test ends it; `opened` counts them.
_STREAMS_TO_END = """() => {
  globalThis.opened = 0;
  globalThis.EventSource = class extends EventTarget {
    static CLOSED = 2;
    readyState = 2;
    constructor() {
      super();
      globalThis.stream = this;
      setTimeout(() => {
        globalThis.opened += 1;
        this.dispatchEvent(new Event("open"));
      });
    }
    close() {}
  };
}"""


def end_stream(visitor: Any, *, after: int) -> None:
    """Ends the one that is open, so many milliseconds later."""
    visitor.page.clock.run_for(after)
    visitor.page.evaluate("globalThis.stream.dispatchEvent(new Event('error'))")


def test_streams_that_end_as_soon_as_they_open_count_as_lost_and_photos_are_polled(
    visitor: Any, jpeg: bytes
) -> None:
    def cut_off(route: Route) -> None:
        route.fulfill(content_type="text/event-stream", body="retry: 50\n\n")

    visitor.page.route(EVENTS, cut_off)
    visitor.follow()
    visitor.until_link("polling")
    [task] = visitor.upload([("a.jpg", jpeg)])
    visitor.page.evaluate("(task) => following.store.upsert(task)", task)
    visitor.until_shown([task], "SUCCESS")


def test_short_streams_are_tried_more_and_more_seldom(visitor: Any) -> None:
    visitor.page.clock.install()
    visitor.page.evaluate(_STREAMS_TO_END)
    visitor.follow()
    for number, pause in enumerate([1_000, 5_000, 10_000, 20_000], 1):
        end_stream(visitor, after=100)
        visitor.page.clock.run_for(pause - 500)
        assert visitor.page.evaluate("opened") == number
        visitor.page.clock.run_for(600)
        assert visitor.page.evaluate("opened") == number + 1
    assert visitor.page.evaluate("following.said.some(({ detail }) => detail === 'polling')")


def test_long_streams_that_end_one_after_the_other_are_none_that_are_lost(visitor: Any) -> None:
    visitor.page.clock.install()
    visitor.page.evaluate(_STREAMS_TO_END)
    visitor.follow()
    for _ in range(4):
        end_stream(visitor, after=25_000)
        visitor.page.clock.run_for(1_500)
    assert visitor.page.evaluate("opened") == 5
    links = visitor.page.evaluate(
        "following.said.filter(({ type }) => type === 'link').map(({ detail }) => detail)"
    )
    assert links == ["live"]
