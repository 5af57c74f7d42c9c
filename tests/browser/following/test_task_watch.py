"""The page hears what becomes of photos: by events, or by asking where there are none."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Request, Route

EVENTS = "**/api/events*"
POLLS = "**/api/task-status/?*"


def abort(route: Route) -> None:
    route.abort()


def answer(status: int) -> Callable[[Route], None]:
    def fulfil(route: Route) -> None:
        route.fulfill(status=status, json={"code": "service_unavailable", "status": status})

    return fulfil


def requests_of(visitor: Any, part: str) -> list[Request]:
    """From now on, those whose address has this part."""
    requests: list[Request] = []
    visitor.page.on(
        "request", lambda request: requests.append(request) if part in request.url else None
    )
    return requests


def polls_of(visitor: Any) -> list[Request]:
    return requests_of(visitor, "/api/task-status/?")


def streams_of(visitor: Any) -> list[Request]:
    return requests_of(visitor, "/api/events")


def links_of(visitor: Any) -> list[str]:
    links: list[str] = visitor.page.evaluate(
        "following.said.filter(({ type }) => type === 'link').map(({ detail }) => detail)"
    )
    return links


def test_one_stream_tells_of_the_photos_of_every_batch(
    visitor: Any, jpeg: bytes, truncated: bytes
) -> None:
    streams = streams_of(visitor)
    polls = polls_of(visitor)
    visitor.follow()
    visitor.until_link("live")
    first = visitor.upload([("a.jpg", jpeg), ("b.jpg", jpeg)])
    [broken] = visitor.upload([("broken.jpg", truncated)])
    visitor.until_shown(first, "SUCCESS")
    visitor.until_shown([broken], "FAILURE")
    assert len(streams) == 1
    assert polls == []
    assert links_of(visitor) == ["live"]


def test_where_the_stream_is_refused_photos_are_polled_until_it_is_there_again(
    visitor: Any, jpeg: bytes
) -> None:
    visitor.page.route(EVENTS, abort)
    visitor.follow()
    visitor.until_link("polling")
    polled = visitor.upload([("a.jpg", jpeg)])
    visitor.page.evaluate("(task) => following.store.upsert(task)", polled[0])
    visitor.until_shown(polled, "SUCCESS")

    polls = polls_of(visitor)
    visitor.page.unroute(EVENTS, abort)
    visitor.until_link("live")
    assert polls == []
    told = visitor.upload([("b.jpg", jpeg)])
    visitor.until_shown(told, "SUCCESS")
    assert links_of(visitor) == ["polling", "live"]


def test_an_error_instead_of_a_stream_leads_to_polling_too(visitor: Any, jpeg: bytes) -> None:
    visitor.page.route(EVENTS, answer(503))
    visitor.follow()
    visitor.until_link("polling")
    [task] = visitor.upload([("a.jpg", jpeg)])
    visitor.page.evaluate("(task) => following.store.upsert(task)", task)
    visitor.until_shown([task], "SUCCESS")


def test_a_browser_without_event_streams_polls(visitor: Any, jpeg: bytes) -> None:
    visitor.page.evaluate("delete globalThis.EventSource")
    visitor.follow()
    visitor.until_link("polling")
    tasks = visitor.upload([(f"{number}.jpg", jpeg) for number in range(3)])
    visitor.page.evaluate("(tasks) => tasks.forEach((task) => following.store.upsert(task))", tasks)
    visitor.until_shown(tasks, "SUCCESS")


def test_nobody_is_asked_for_photos_that_have_ended(visitor: Any, jpeg: bytes) -> None:
    visitor.page.route(EVENTS, abort)
    ended = visitor.finished(visitor.upload([("a.jpg", jpeg)]))
    visitor.follow()
    visitor.until_link("polling")
    visitor.until_shown(ended, "SUCCESS")
    polls = polls_of(visitor)
    [other] = visitor.upload([("b.jpg", jpeg)])
    visitor.page.evaluate("(task) => following.store.upsert(task)", other)
    visitor.until_shown([other], "SUCCESS")
    assert polls
    assert all(ended[0]["task_id"] not in poll.url for poll in polls)


def test_more_than_a_hundred_photos_are_asked_for_in_several_requests(visitor: Any) -> None:
    visitor.page.route(EVENTS, abort)
    asked: list[list[str]] = []

    def tell(route: Route) -> None:
        ids = [pair.partition("=")[2] for pair in route.request.url.partition("?")[2].split("&")]
        asked.append(ids)
        gone = {"code": "unknown_task", "message": ""}
        route.fulfill(json={"tasks": [{"task_id": i, "status": None, "error": gone} for i in ids]})

    visitor.page.route(POLLS, tell)
    visitor.follow()
    visitor.page.evaluate(
        "following.watch.expect(Array.from({ length: 250 }, (_, number) => `id-${number}`))"
    )
    visitor.until("following.said.filter(({ type }) => type === 'deleted').length === 250")
    assert [len(ids) for ids in asked] == [100, 100, 50]


def test_a_server_that_nobody_reaches_is_told_and_the_page_comes_back_by_itself(
    visitor: Any, jpeg: bytes
) -> None:
    visitor.follow()
    visitor.until_link("live")
    visitor.context.set_offline(True)
    visitor.until_link("offline")
    tasks = visitor.upload([("a.jpg", jpeg)])
    visitor.finished(tasks)
    visitor.context.set_offline(False)
    visitor.until_link("live")
    visitor.until_shown(tasks, "SUCCESS")


def test_polls_without_an_answer_are_told_as_offline(visitor: Any, jpeg: bytes) -> None:
    visitor.page.route(EVENTS, abort)
    visitor.page.route(POLLS, abort)
    visitor.follow()
    [task] = visitor.upload([("a.jpg", jpeg)])
    visitor.page.evaluate("(task) => following.store.upsert(task)", task)
    visitor.until_link("offline")
    visitor.page.unroute(POLLS, abort)
    visitor.until_shown([task], "SUCCESS")
    visitor.until("following.watch.link !== 'offline'")


def test_a_stream_that_is_opened_anew_tells_what_changed_meanwhile(
    visitor: Any, jpeg: bytes
) -> None:
    visitor.follow()
    visitor.until_link("live")
    before = visitor.upload([("a.jpg", jpeg)])
    visitor.until_shown(before, "SUCCESS")
    visitor.page.evaluate("following.watch.stop()")
    missed = visitor.finished(visitor.upload([("b.jpg", jpeg)]))
    visitor.page.evaluate("following.watch.start()")
    visitor.until_shown(missed, "SUCCESS")


def test_a_deleted_photo_vanishes_whoever_deletes_it(visitor: Any, jpeg: bytes) -> None:
    visitor.follow()
    visitor.until_link("live")
    kept, deleted = visitor.upload([("kept.jpg", jpeg), ("deleted.jpg", jpeg)])
    visitor.until_shown([kept, deleted], "SUCCESS")
    assert visitor.http.delete(f"/api/tasks/{deleted['task_id']}").status_code == 204
    visitor.until("following.store.size === 1")
    assert list(visitor.shown()) == [kept["task_id"]]


def test_a_photo_that_was_deleted_while_nobody_listened_vanishes_when_it_is_asked_for(
    visitor: Any, jpeg: bytes
) -> None:
    visitor.page.route(EVENTS, abort)
    visitor.follow()
    visitor.until_link("polling")
    [task] = visitor.upload([("a.jpg", jpeg)])
    visitor.http.delete(f"/api/tasks/{task['task_id']}")
    visitor.page.evaluate("(task) => following.store.upsert(task)", task)
    visitor.until("following.store.size === 0")


def test_an_answer_that_was_asked_for_before_the_last_word_is_not_told(
    visitor: Any, truncated: bytes
) -> None:
    """A poll is under way while somebody retries: it still says that the task has failed."""
    visitor.page.route(EVENTS, abort)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    visitor.page.route(POLLS, hold)
    visitor.follow()
    [task] = visitor.upload([("a.jpg", truncated)])
    visitor.page.evaluate("(task) => following.store.upsert(task)", task)
    with visitor.page.expect_request(lambda request: "/api/task-status/?" in request.url):
        pass
    [failed] = visitor.finished([task])
    visitor.page.evaluate("(task) => following.watch.expect([task.task_id])", task)
    held[0].fulfill(json={"tasks": [failed]})
    visitor.until("following.watch.link === 'polling'")
    # The answer has been read when the next round begins.
    with visitor.page.expect_request(lambda request: "/api/task-status/?" in request.url):
        pass
    assert visitor.shown() == {task["task_id"]: "PENDING"}


def test_a_photo_that_was_deleted_while_the_stream_was_broken_vanishes_when_it_is_back(
    visitor: Any, jpeg: bytes
) -> None:
    visitor.follow()
    visitor.until_link("live")
    kept, deleted = visitor.upload([("kept.jpg", jpeg), ("deleted.jpg", jpeg)])
    visitor.until_shown([kept, deleted], "SUCCESS")
    visitor.context.set_offline(True)
    visitor.until_link("offline")
    visitor.http.delete(f"/api/tasks/{deleted['task_id']}")
    visitor.context.set_offline(False)
    visitor.until("following.store.size === 1")
    assert list(visitor.shown()) == [kept["task_id"]]


SHOW_PAGE = """(isShown) => {
  Object.defineProperty(document, "hidden", { value: !isShown, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_page_in_the_background_gives_its_connection_back_and_catches_up_later(
    visitor: Any, jpeg: bytes
) -> None:
    visitor.page.clock.install()
    visitor.follow()
    visitor.until_link("live")
    visitor.page.evaluate(SHOW_PAGE, False)
    with visitor.page.expect_event("requestfailed", lambda request: "/api/events" in request.url):
        visitor.page.clock.fast_forward(31_000)
    streams = streams_of(visitor)
    missed = visitor.finished(visitor.upload([("a.jpg", jpeg)]))
    visitor.page.clock.fast_forward(120_000)
    assert streams == []
    assert visitor.shown() == {}
    visitor.page.evaluate(SHOW_PAGE, True)
    visitor.until_shown(missed, "SUCCESS")
    assert len(streams) == 1


def test_a_look_at_another_page_for_a_moment_breaks_nothing_off(visitor: Any) -> None:
    visitor.page.clock.install()
    streams = streams_of(visitor)
    visitor.follow()
    visitor.until_link("live")
    visitor.page.evaluate(SHOW_PAGE, False)
    visitor.page.clock.fast_forward(20_000)
    visitor.page.evaluate(SHOW_PAGE, True)
    visitor.page.clock.fast_forward(60_000)
    assert len(streams) == 1


def test_photos_that_a_silent_stream_does_not_tell_of_are_asked_for(
    visitor: Any, jpeg: bytes
) -> None:
    """As behind a proxy that keeps what a stream says to itself."""
    visitor.page.clock.install()
    visitor.follow(start=False)
    # A connection that stays open and says nothing.
    visitor.page.evaluate(
        """() => {
          globalThis.EventSource = class extends EventTarget {
            constructor() {
              super();
              setTimeout(() => this.dispatchEvent(new Event("open")));
            }
            close() {}
          };
          following.watch.start();
        }"""
    )
    visitor.until_link("live")
    tasks = visitor.upload([("a.jpg", jpeg)])
    visitor.page.evaluate("(tasks) => tasks.forEach((task) => following.store.upsert(task))", tasks)
    visitor.finished(tasks)
    polls = polls_of(visitor)
    visitor.page.clock.fast_forward(20_000)
    assert polls == []
    visitor.page.clock.fast_forward(25_000)
    visitor.until_shown(tasks, "SUCCESS")
    assert len(polls) == 1
