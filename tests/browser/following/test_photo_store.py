"""The visitor's own photos, from pages of the list, receipts and events, each of them once."""

from typing import Any

import pytest

UPSERT = "(tasks) => tasks.forEach((task) => following.store.upsert(task))"
TELL = """(task) => following.watch.dispatchEvent(new CustomEvent("task", { detail: task }))"""


def task_with(**fields: Any) -> dict[str, Any]:
    """A task as the API tells it."""
    task = {
        "task_id": "01919a3c-5e00-7abc-8def-0123456789ab",
        "batch_id": "01919a3c-5dff-7abc-8def-0123456789ab",
        "photo_id": 1,
        "file_name": "a.jpg",
        "content_type": "image/jpeg",
        "size": 1000,
        "status": "PENDING",
        "stage": "queued",
        "attempts": 0,
        "created_at": "2026-05-01T10:00:00Z",
        "started_at": None,
        "finished_at": None,
        "status_url": "",
        "result": None,
        "error": None,
    }
    return task | fields


QUEUED = task_with()
PROCESSING = task_with(stage="processing", attempts=1, started_at="2026-05-01T10:00:01.000001Z")
WAITING = PROCESSING | {"stage": "waiting_to_retry"}
FAILED = PROCESSING | {
    "status": "FAILURE",
    "stage": "done",
    "finished_at": "2026-05-01T10:00:02Z",
    "error": {"code": "corrupt_image", "message": "The file is damaged."},
}
PROCESSING_AGAIN = PROCESSING | {"started_at": "2026-05-01T10:00:03Z"}
SUCCEEDED = FAILED | {
    "status": "SUCCESS",
    "error": None,
    "result": {
        "random_number": 1,
        "processing_time": 0.1,
        "format": "jpeg",
        "width": 4,
        "height": 3,
        "pages": None,
        "orientation": 1,
        "taken_at": None,
        "camera": None,
        "dominant_color": None,
        "thumbhash": None,
        "phash": None,
        "steps": None,
        "renditions": [],
    },
}


def known(visitor: Any) -> dict[str, Any]:
    task: dict[str, Any] = visitor.page.evaluate("following.store.tasks[0]")
    return task


@pytest.mark.parametrize(
    "earlier",
    [QUEUED, PROCESSING, WAITING, PROCESSING_AGAIN, FAILED],
    ids=lambda task: task["stage"],
)
def test_a_photo_that_is_done_stays_so_whatever_comes_late(
    visitor: Any, earlier: dict[str, Any]
) -> None:
    visitor.follow(start=False)
    visitor.page.evaluate(UPSERT, [SUCCEEDED, earlier])
    visitor.page.evaluate(TELL, earlier)
    assert known(visitor) == SUCCEEDED


@pytest.mark.parametrize("earlier", [QUEUED, PROCESSING, WAITING], ids=lambda task: task["stage"])
def test_a_page_of_the_list_that_comes_late_brings_no_failed_photo_back(
    visitor: Any, earlier: dict[str, Any]
) -> None:
    visitor.follow(start=False)
    visitor.page.evaluate(TELL, FAILED)
    visitor.page.evaluate(UPSERT, [earlier])
    assert known(visitor) == FAILED


@pytest.mark.parametrize(("shown", "late"), [(PROCESSING, QUEUED), (WAITING, PROCESSING)])
def test_a_page_of_the_list_that_comes_late_takes_no_step_back(
    visitor: Any, shown: dict[str, Any], late: dict[str, Any]
) -> None:
    visitor.follow(start=False)
    visitor.page.evaluate(TELL, shown)
    visitor.page.evaluate(UPSERT, [late])
    assert known(visitor) == shown


def test_an_event_of_the_run_that_failed_does_not_bring_it_back(visitor: Any) -> None:
    visitor.follow(start=False)
    for task in (FAILED, PROCESSING):
        visitor.page.evaluate(TELL, task)
    assert known(visitor) == FAILED


@pytest.mark.parametrize("again", [QUEUED, PROCESSING_AGAIN], ids=lambda task: task["stage"])
def test_a_failed_photo_that_somebody_retried_elsewhere_is_pending_again(
    visitor: Any, again: dict[str, Any]
) -> None:
    visitor.follow(start=False)
    for task in (FAILED, again):
        visitor.page.evaluate(TELL, task)
    assert known(visitor) == again


def test_the_answer_to_a_retry_counts_no_more_once_the_new_run_has_ended(visitor: Any) -> None:
    visitor.follow(start=False)
    failed_again = FAILED | {"finished_at": "2026-05-01T10:00:09Z"}
    visitor.page.evaluate(UPSERT, [FAILED])
    for task in (QUEUED, failed_again):
        visitor.page.evaluate(TELL, task)
    visitor.page.evaluate("([old, told]) => following.store.retried(old, told)", [FAILED, QUEUED])
    assert known(visitor) == failed_again


def test_a_photo_that_was_deleted_does_not_come_back(visitor: Any) -> None:
    visitor.follow(start=False)
    visitor.page.evaluate(UPSERT, [FAILED])
    visitor.page.evaluate("(id) => following.store.remove(id)", FAILED["task_id"])
    visitor.page.evaluate(UPSERT, [FAILED])
    visitor.page.evaluate(TELL, FAILED)
    assert visitor.shown() == {}


def test_changes_of_one_moment_are_told_once(visitor: Any) -> None:
    visitor.follow(start=False)
    tasks = [task_with(task_id=f"id-{number}", photo_id=number) for number in range(100)]
    told = visitor.page.evaluate(
        """async (tasks) => {
          const told = [];
          following.store.addEventListener("change", ({ detail }) => told.push(detail.ids.length));
          tasks.forEach((task) => following.store.upsert(task));
          await new Promise((resolve) => setTimeout(resolve));
          return told;
        }""",
        tasks,
    )
    assert told == [100]


def test_pages_of_the_list_bring_each_photo_once_while_others_arrive(
    visitor: Any, jpeg: bytes
) -> None:
    names = [f"{number}.jpg" for number in range(60)]
    old = visitor.finished(visitor.upload([(name, jpeg) for name in names]))
    visitor.follow(start=False)
    visitor.page.evaluate("following.watch.start()")
    visitor.until_link("live")
    visitor.page.evaluate("following.store.loadMore()")
    assert visitor.page.evaluate("following.store.hasMore")
    new = visitor.upload([("new.jpg", jpeg), ("newer.jpg", jpeg)])
    visitor.until_shown(new, "SUCCESS")
    visitor.page.evaluate("Promise.all([1, 2, 3].map(() => following.store.loadMore()))")
    while visitor.page.evaluate("following.store.hasMore"):
        visitor.page.evaluate("following.store.loadMore()")
    shown = visitor.page.evaluate("following.store.tasks.map((task) => task.file_name)")
    assert shown == ["newer.jpg", "new.jpg", *reversed(names)]
    assert len(visitor.shown()) == len(old) + 2


def test_the_neighbours_of_a_photo_are_those_of_the_list(visitor: Any) -> None:
    visitor.follow(start=False)
    visitor.page.evaluate(
        UPSERT, [task_with(task_id=f"id-{number}", photo_id=number) for number in (2, 9, 5)]
    )
    ask = "(places) => following.store.neighbour('id-5', places)"
    assert visitor.page.evaluate(ask, -1) == "id-9"
    assert visitor.page.evaluate(ask, 1) == "id-2"
    assert visitor.page.evaluate(ask, 2) is None
    assert visitor.page.evaluate("following.store.neighbour('unknown', 1)") is None
