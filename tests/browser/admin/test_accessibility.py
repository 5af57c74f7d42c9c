"""axe-core finds nothing to mend on any page of the console (WCAG 2.2 AA and best practices)."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

LOOKS = {
    "desk": {},
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True},
}


def violations(desk: Any) -> list[str]:
    """What axe finds, a line for each place, and whether the page is wider than the screen."""
    found = Axe().run(desk.page)
    wide = desk.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [
        f"{rule['id']}: {node['html']} ({node['failureSummary']})"
        for rule in found.response["violations"]
        for node in rule["nodes"]
    ] + ([f"{wide} px too wide"] if wide > 0 else [])


@pytest.fixture
def tasks(uploader: Any, make_jpeg: Any, broken_png: bytes) -> list[dict[str, Any]]:
    """Photos of one batch with long names, one of which fails."""
    told: list[dict[str, Any]] = uploader.finished(
        uploader.upload(
            ("a very long name of somebody who likes them and does not stop soon.jpg", make_jpeg()),
            ("a" * 120 + ".jpg", make_jpeg()),
            ("no.png", broken_png),
        )
    )
    assert [task["status"] for task in told] == ["SUCCESS", "SUCCESS", "FAILURE"]
    return told


@pytest.fixture
def open_signed_in(open_desk: Callable[..., Any], operators: None) -> Callable[[str], Any]:
    def signed_in(look: str) -> Any:
        desk = open_desk(**LOOKS[look])
        desk.sign_in("ada")
        expect(desk.page.get_by_role("heading", name="Overview")).to_be_visible()
        return desk

    return signed_in


@pytest.mark.parametrize("look", LOOKS)
def test_signing_in_has_no_violations(look: str, open_desk: Any, operators: None) -> None:
    desk = open_desk(**LOOKS[look])
    desk.open("/admin/login")
    assert violations(desk) == [], "login"
    desk.sign_in("ada", "wrong")
    expect(desk.page.get_by_role("alert")).to_be_visible()
    assert violations(desk) == [], "wrong password"


@pytest.mark.parametrize("look", LOOKS)
def test_the_front_page_has_no_violations(
    look: str, open_signed_in: Any, tasks: Any, resumed_lanes: None
) -> None:
    desk = open_signed_in(look)
    assert violations(desk) == [], "overview"
    for table in desk.page.get_by_text("As a table").all():
        table.click()
    assert violations(desk) == [], "charts as tables"
    desk.button("Pause bulk").click()
    expect(desk.page.get_by_role("status")).to_be_visible()
    assert violations(desk) == [], "paused lane"
    desk.button("Resume bulk").click()
    expect(desk.button("Pause bulk")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS)
def test_no_page_of_photos_has_violations(look: str, open_signed_in: Any, tasks: Any) -> None:
    desk, failed = open_signed_in(look), tasks[2]
    for path in (
        "/admin/photos/",
        f"/admin/photos/?status=FAILURE&batch_id={failed['batch_id']}",
        "/admin/photos/?owner=nobody",
        "/admin/photos/?from=soon",
        f"/admin/photos/{tasks[0]['task_id']}",
        f"/admin/photos/{failed['task_id']}",
        "/admin/photos/019abcde-0000-7000-8000-000000000001",
        "/admin/batches/",
        f"/admin/batches/{failed['batch_id']}",
    ):
        desk.open(path)
        assert violations(desk) == [], path


@pytest.mark.parametrize("look", LOOKS)
def test_no_question_and_no_answer_has_violations(
    look: str, open_signed_in: Any, tasks: Any
) -> None:
    desk, failed = open_signed_in(look), tasks[2]
    desk.open(f"/admin/photos/{failed['task_id']}")
    desk.button("Retry").click()
    expect(desk.page.get_by_role("status")).to_be_visible()
    assert violations(desk) == [], "notice"
    desk.button("Delete…").click()
    expect(desk.page.get_by_role("heading", name="Delete 1 photo?")).to_be_visible()
    assert violations(desk) == [], "question"
    desk.open(f"/admin/bulk-actions/new?action=retry&batch_id={failed['batch_id']}")
    assert violations(desk) == [], "question about many"
    desk.button("Retry all").click()
    expect(desk.page.get_by_role("heading", name=re.compile("^Bulk action"))).to_be_visible()
    assert violations(desk) == [], "bulk action"


@pytest.mark.parametrize("look", LOOKS)
def test_no_other_page_has_violations(look: str, open_signed_in: Any) -> None:
    desk = open_signed_in(look)
    for path in (
        "/admin/bulk-actions/",
        "/admin/bulk-actions/new",
        "/admin/audit-log/",
        "/admin/sessions/",
        "/admin/records/operators/",
        "/admin/records/paused-lanes/",
        "/admin/nowhere",
    ):
        desk.open(path)
        assert violations(desk) == [], path
