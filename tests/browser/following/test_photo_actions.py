"""What visitors do with their photos: try again, delete, by hand or by keyboard."""

from typing import Any

from playwright.sync_api import expect


def test_a_failed_photo_says_why_and_can_be_tried_again(visitor: Any, truncated: bytes) -> None:
    visitor.follow()
    visitor.until_link("live")
    tasks = visitor.upload([("broken.jpg", truncated)])
    shown = visitor.card("broken.jpg")
    expect(shown).to_contain_text("Failed")
    expect(shown).to_contain_text("The file ends too early; upload it again.")
    [first] = visitor.finished(tasks)
    with visitor.page.expect_response(lambda answer: answer.url.endswith("/retry")) as retried:
        shown.get_by_role("button", name=f"Try again: {visitor.isolated('broken.jpg')}").click()
    assert retried.value.status == 202
    # The same file fails again, as a new run of the same task.
    visitor.until(
        "following.store.tasks[0].status === 'FAILURE'"
        " && following.store.tasks[0].finished_at !== it",
        first["finished_at"],
    )
    told = [
        task["detail"]["status"]
        for task in visitor.page.evaluate("following.said")
        if task["type"] == "task"
    ]
    assert "PENDING" in told[told.index("FAILURE") :]
    expect(shown).to_contain_text("Failed")


def test_a_photo_that_was_retried_elsewhere_meanwhile_is_shown_as_it_stands(
    visitor: Any, truncated: bytes
) -> None:
    [failed] = visitor.finished(visitor.upload([("broken.jpg", truncated)]))
    visitor.follow()
    shown = visitor.card("broken.jpg")
    retry = shown.get_by_role("button", name="Try again")
    visitor.page.route(
        "**/retry",
        lambda route: route.fulfill(status=409, json={"code": "task_not_failed", "detail": ""}),
    )
    now = failed | {
        "status": "PENDING",
        "stage": "processing",
        "started_at": "2999-01-01T00:00:00Z",
        "finished_at": None,
        "error": None,
    }
    visitor.page.route(
        f"**/api/task-status/{failed['task_id']}", lambda route: route.fulfill(json=now)
    )
    retry.click()
    expect(shown).to_contain_text("Being processed")
    # What had the focus is gone.
    expect(shown.get_by_role("button").first).to_be_focused()


def test_what_goes_wrong_with_an_action_is_said_at_the_photo(
    visitor: Any, truncated: bytes
) -> None:
    visitor.finished(visitor.upload([("broken.jpg", truncated)]))
    visitor.follow()
    shown = visitor.card("broken.jpg")
    visitor.page.route("**/retry", lambda route: route.abort())
    shown.get_by_role("button", name="Try again").click()
    expect(shown.get_by_role("alert")).to_have_text("The service cannot be reached.")
    visitor.page.unroute("**/retry")
    shown.get_by_role("button", name="Try again").click()
    expect(shown.get_by_role("alert")).to_be_hidden()


def test_a_photo_is_deleted_only_after_a_question(visitor: Any, jpeg: bytes) -> None:
    tasks = visitor.finished(visitor.upload([("kept.jpg", jpeg), ("gone.jpg", jpeg)]))
    visitor.follow()
    page = visitor.page
    delete = visitor.card("gone.jpg").get_by_role("button", name="Delete")
    delete.click()
    question = page.get_by_role(
        "dialog", name=f"Delete {visitor.isolated('gone.jpg')}? This cannot be undone."
    )
    expect(question).to_be_visible()
    expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    expect(delete).to_be_focused()
    delete.click()
    question.get_by_role("button", name="Delete").click()
    expect(visitor.card("gone.jpg")).to_have_count(0)
    # The focus is not lost with what had it.
    expect(visitor.card("kept.jpg").get_by_role("button").first).to_be_focused()
    assert page.evaluate("following.announced") == [f"{visitor.isolated('gone.jpg')} was deleted."]
    assert visitor.http.get(f"/api/task-status/{tasks[1]['task_id']}").status_code == 404
    assert visitor.http.get(f"/api/task-status/{tasks[0]['task_id']}").status_code == 200


def test_what_became_of_photos_is_said_once_for_all_of_them(
    visitor: Any, jpeg: bytes, truncated: bytes
) -> None:
    visitor.follow(start=False)
    tasks = visitor.upload([("a.jpg", jpeg), ("broken.jpg", truncated), ("b.jpg", jpeg)])
    visitor.page.evaluate("(tasks) => tasks.forEach((task) => following.store.upsert(task))", tasks)
    visitor.page.evaluate("following.watch.start()")
    visitor.until("following.announced.length > 0")
    assert visitor.page.evaluate("following.announced") == ["2 photos are done. 1 failed."]


def test_deleting_what_is_gone_already_is_no_problem(visitor: Any, jpeg: bytes) -> None:
    [task] = visitor.finished(visitor.upload([("a.jpg", jpeg)]))
    visitor.follow(start=False)
    visitor.page.evaluate("following.gallery.start()")
    expect(visitor.card("a.jpg")).to_be_visible()
    visitor.http.delete(f"/api/tasks/{task['task_id']}")
    visitor.card("a.jpg").get_by_role("button", name="Delete").click()
    visitor.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(visitor.card("a.jpg")).to_have_count(0)


def test_everything_can_be_done_with_the_keyboard_alone(
    visitor: Any, jpeg: bytes, truncated: bytes
) -> None:
    visitor.finished(visitor.upload([("good.jpg", jpeg), ("broken.jpg", truncated)]))
    visitor.follow()
    page = visitor.page
    expect(visitor.card("broken.jpg")).to_contain_text("Failed")
    expect(visitor.card("good.jpg")).to_be_visible()
    page.locator("#photos").evaluate("(part) => { part.tabIndex = -1; part.focus(); }")
    page.keyboard.press("Tab")
    expect(
        page.get_by_role("button", name=f"Details of {visitor.isolated('broken.jpg')}")
    ).to_be_focused()
    page.keyboard.press("Tab")
    expect(
        page.get_by_role("button", name=f"Try again: {visitor.isolated('broken.jpg')}")
    ).to_be_focused()
    page.keyboard.press("Tab")
    expect(
        page.get_by_role("button", name=f"Delete {visitor.isolated('broken.jpg')}")
    ).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(visitor.card("broken.jpg")).to_have_count(0)
    expect(
        page.get_by_role("button", name=f"Details of {visitor.isolated('good.jpg')}")
    ).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#details")).to_be_visible()
