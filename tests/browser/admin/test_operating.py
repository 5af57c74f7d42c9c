"""What operators come for: to find what failed, to try it again, to hold a lane, to erase."""

import re
import time
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import pytest
from playwright.sync_api import expect


def original_of(stack: Any, task_id: str) -> Path:
    [found] = (stack.local_dir / "objects" / "originals").rglob(f"{task_id}-*")
    return Path(found)


def wait_until_the_pause_takes_hold(stack: Any, lane: str) -> None:
    metrics = f"http://127.0.0.1:{stack.processes()['ingest-service']['metrics_port']}/metrics"
    deadline = time.monotonic() + 30
    while f'lane_paused{{lane="{lane}"}} 1.0' not in httpx.get(metrics, trust_env=False).text:
        assert time.monotonic() < deadline, "the pause is not known"
        time.sleep(0.05)  # noqa: TID251 - between two looks at the condition


def test_a_failed_task_is_found_retried_and_succeeds_and_the_audit_log_tells(
    ada: Any, stack: Any, uploader: Any, make_jpeg: Any
) -> None:
    good = make_jpeg("orange")
    [task] = uploader.upload(("orange.jpg", good))
    [done] = uploader.finished([task])
    assert done["status"] == "SUCCESS"
    # As after trouble of ours: the photo is fine, its run was not.
    execute(
        stack,
        "UPDATE photos SET status = 'FAILURE', error_code = 'internal', error_message = 'Trouble.',"
        " format = NULL, width = NULL, height = NULL, random_number = NULL, processing_time = NULL,"
        " pages = NULL, orientation = NULL, taken_at = NULL, camera = NULL, dominant_color = NULL,"
        " thumbhash = NULL, phash = NULL, step_seconds = NULL WHERE task_id = %s",
        task["task_id"],
    )
    execute(
        stack,
        "DELETE FROM renditions WHERE photo_id = (SELECT id FROM photos WHERE task_id = %s)",
        task["task_id"],
    )

    ada.link("Photos").click()
    ada.page.get_by_label("Status", exact=True).select_option("FAILURE")
    ada.page.get_by_label("Failure", exact=True).select_option("internal")
    ada.button("Filter").click()
    ada.link("orange.jpg").click()
    expect(ada.page.get_by_text("Trouble.")).to_be_visible()
    ada.button("Retry").click()
    expect(ada.page.get_by_role("status")).to_have_text("Done: 1.")

    [again] = uploader.finished([task])
    assert again["status"] == "SUCCESS"
    ada.page.reload()
    expect(ada.page.get_by_text("SUCCESS", exact=True)).to_be_visible()
    picture = ada.page.get_by_role("img", name="orange.jpg")
    expect(picture).to_be_visible()
    assert picture.evaluate("(image) => image.complete && image.naturalWidth") == 64

    ada.link("Audit log").click()
    line = ada.row(task["task_id"])
    expect(line).to_have_count(1)
    expect(line).to_contain_text("ada")
    expect(line).to_contain_text("retry")
    expect(line).to_contain_text("127.0.0.1")


def test_all_that_failed_in_one_way_are_retried_at_once(
    ada: Any, uploader: Any, broken_png: bytes
) -> None:
    tasks = uploader.upload(*[(f"broken {number}.png", broken_png) for number in range(6)])
    uploader.finished(tasks)
    ada.open("/admin/photos/?error_code=corrupt_image&name=broken&from=2026-01-01T00:00")
    ada.link("Retry all…").click()
    expect(ada.page.get_by_text("6 photos", exact=True)).to_be_visible()
    ada.button("Retry all").click()
    # The page looks again by itself.
    expect(ada.page.get_by_text("done", exact=True)).to_be_visible()
    expect(ada.page.get_by_text(re.compile("6 done, 0 refused"))).to_be_visible()
    uploader.finished(tasks)
    ada.open(f"/admin/photos/{tasks[0]['task_id']}")
    attempts = ada.page.get_by_role("group", name="Attempts that failed").get_by_role("row")
    expect(attempts.filter(has_text="corrupt_image")).to_have_count(2)


def test_chosen_photos_are_deleted_with_their_objects(
    ada: Any, stack: Any, uploader: Any, make_jpeg: Any
) -> None:
    tasks = uploader.upload(*[(f"bin {number}.jpg", make_jpeg()) for number in range(3)])
    uploader.finished(tasks)
    originals = [original_of(stack, task["task_id"]) for task in tasks]
    ada.open("/admin/photos/?name=bin")
    ada.page.get_by_label("Choose all on this page").check()
    ada.page.get_by_label("Choose bin 1.jpg").uncheck()
    ada.button("Delete…").click()
    expect(ada.page.get_by_role("heading", name="Delete 2 photos?")).to_be_visible()
    ada.button("Delete").click()
    expect(ada.page.get_by_role("status")).to_have_text("Done: 2.")
    expect(ada.page.get_by_label(re.compile("^Choose bin"))).to_have_count(1)
    assert [path.exists() for path in originals] == [False, True, False]
    ada.open(f"/admin/photos/{tasks[0]['task_id']}")
    expect(ada.row("delete")).to_be_visible()


def test_a_lane_is_paused_what_waits_is_cancelled_and_the_lane_goes_on(
    ada: Any, stack: Any, uploader: Any, make_jpeg: Any, resumed_lanes: None
) -> None:
    ada.button("Pause interactive").click()
    expect(ada.button("Resume interactive")).to_be_visible()
    expect(ada.page.get_by_text("by ada,")).to_be_visible()
    wait_until_the_pause_takes_hold(stack, "interactive")
    tasks = uploader.upload(("held.jpg", make_jpeg()), ("held too.jpg", make_jpeg("red")))

    ada.open("/admin/photos/?name=held")
    expect(ada.row("queued")).to_have_count(2)
    ada.open("/admin/")
    ada.link("Cancel what waits in interactive…").click()
    expect(ada.page.get_by_text("2 photos", exact=True)).to_be_visible()
    ada.button("Cancel all").click()
    expect(ada.page.get_by_text("done", exact=True)).to_be_visible()
    assert {task["error"]["code"] for task in uploader.finished(tasks)} == {"cancelled"}

    ada.open("/admin/")
    ada.button("Resume interactive").click()
    expect(ada.button("Pause interactive")).to_be_visible()
    [after] = uploader.finished(uploader.upload(("after.jpg", make_jpeg())))
    assert after["status"] == "SUCCESS"


def test_the_front_page_shows_the_worker_and_renews_itself(
    ada: Any, uploader: Any, make_jpeg: Any
) -> None:
    workers = ada.page.get_by_role("region", name="Workers")
    expect(workers.get_by_role("row").filter(has_text="photo-worker-")).to_have_count(1)
    expect(workers).to_contain_text("2 photos at a time")
    asked = workers.get_by_text(re.compile("^1 answered"))
    before = asked.inner_text()
    expect(asked).not_to_have_text(before)


def test_everything_of_an_owner_is_erased(
    ada: Any, uploader: Any, make_jpeg: Any, stack: Any
) -> None:
    tasks = uploader.upload(*[(f"mine {number}.jpg", make_jpeg()) for number in range(4)])
    uploader.finished(tasks)
    originals = [original_of(stack, task["task_id"]) for task in tasks]
    ada.open(f"/admin/photos/{tasks[0]['task_id']}")
    ada.link("Erase all of this owner…").click()
    expect(ada.page.get_by_text("4 photos", exact=True)).to_be_visible()
    ada.button("Delete all").click()
    expect(ada.page.get_by_text(re.compile("4 done, 0 refused"))).to_be_visible()
    assert not any(path.exists() for path in originals)


@pytest.mark.parametrize("scripts", [True, False])
def test_an_id_leads_to_its_photo(
    open_desk: Any, operators: None, uploader: Any, make_jpeg: Any, scripts: bool
) -> None:
    [task] = uploader.upload(("sought.jpg", make_jpeg()))
    desk = open_desk(java_script_enabled=scripts)
    desk.sign_in("ada")
    desk.page.get_by_label("Id of a task, batch or photo, or SHA-256").fill(task["task_id"])
    desk.button("Go").click()
    expect(desk.page.get_by_role("heading", name="sought.jpg")).to_be_visible()


def execute(stack: Any, statement: str, *values: str) -> None:
    connection = psycopg2.connect(stack.database_url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
    finally:
        connection.close()
