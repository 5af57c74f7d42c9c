"""Uppy's XHR upload in a real browser: on a page of the service, and on one of another site."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from local_stack.running_stack import RunningStack

_PAGE = '<!doctype html><title>Photos</title><input type=file multiple><script src="{}"></script>'

OpenPage = Callable[[str], None]
Upload = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture
def open_page(page: Page, scripts: Path, other_site: Any, photos: Path) -> OpenPage:
    """Opens a page with Uppy on this origin, and chooses the three files of `photos` there."""
    bundler = str(scripts / "node_modules" / ".bin" / "esbuild")
    script = other_site.folder / "uppy.js"
    command = [bundler, "upload_page.js", "--bundle", f"--outfile={script}"]
    subprocess.run(command, cwd=scripts, check=True, capture_output=True, timeout=60)
    (other_site.folder / "uppy.html").write_text(_PAGE.format("uppy.js"), "ascii")

    def opened(origin: str) -> None:
        page.goto(f"{origin}/uppy.html")
        page.set_input_files("input", sorted(photos.glob("*.*")))

    return opened


@pytest.fixture
def upload(page: Page) -> Upload:
    """Uploads the chosen files with these options of XHRUpload."""

    def uploaded(options: dict[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = page.evaluate("options => uploadWithUppy(options)", options)
        return told

    return uploaded


def test_uppy_sends_all_files_of_a_page_of_the_service_in_one_request(
    page: Page, stack: RunningStack, other_site: Any, open_page: OpenPage, upload: Upload
) -> None:
    def as_if_ours(route: Route) -> None:
        route.fulfill(path=other_site.folder / route.request.url.rpartition("/")[2])

    page.route(f"{stack.base_url}/uppy.*", as_if_ours)
    open_page(stack.base_url)
    token = page.evaluate("fetch('/api/csrf').then(answer => answer.json())")["csrf_token"]
    told = upload({"endpoint": "/api/upload/", "bundle": True, "headers": {"X-CSRFToken": token}})
    assert told["progressed"]
    assert told["refusals"] == []
    # Uppy knows one answer for all files, those that were rejected too.
    assert {answer["status"] for answer in told["answers"]} == {202}
    receipt = told["answers"][0]["body"]
    assert [task["file_name"] for task in receipt["accepted"]] == ["photo.jpg", "second.jpg"]
    assert [file["file_name"] for file in receipt["rejected"]] == ["notes.txt"]
    totals = page.evaluate(
        "address => followBatch(address)", f"/api/events?batch_id={receipt['batch_id']}"
    )
    assert totals == {"PENDING": 0, "SUCCESS": 2, "FAILURE": 0}


def test_uppy_sends_the_files_of_another_sites_page_one_by_one(
    page: Page,
    stack: RunningStack,
    open_page: OpenPage,
    upload: Upload,
    other_site: Any,
    authorization: dict[str, str],
) -> None:
    open_page(other_site.allowed_origin)
    told = upload(
        {"endpoint": f"{stack.base_url}/api/upload/", "bundle": False, "headers": authorization}
    )
    answers = sorted(told["answers"], key=lambda answer: str(answer["name"]))
    assert [(each["name"], each["status"]) for each in answers] == [
        ("photo.jpg", 202),
        ("second.jpg", 202),
    ]
    [refusal] = told["refusals"]
    assert (refusal["name"], refusal["status"]) == ("notes.txt", 422)
    assert refusal["body"]["code"] == "no_valid_files"
    [reason] = refusal["body"]["rejected"]
    assert reason["errors"][0]["code"] == "unsupported_extension"
    for answer in answers:
        address = f"{stack.base_url}/api/events?batch_id={answer['body']['batch_id']}"
        totals = page.evaluate("address => followBatch(address)", address)
        assert totals == {"PENDING": 0, "SUCCESS": 1, "FAILURE": 0}


def test_a_page_of_an_origin_that_was_not_allowed_can_upload_nothing(
    page: Page,
    stack: RunningStack,
    other_site: Any,
    open_page: OpenPage,
    upload: Upload,
    authorization: dict[str, str],
) -> None:
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text))
    open_page(other_site.foreign_origin)
    endpoint = f"{stack.base_url}/api/upload/"
    told = upload({"endpoint": endpoint, "bundle": True, "headers": authorization})
    assert told["answers"] == []
    assert {refusal["status"] for refusal in told["refusals"]} == {0}
    assert any("No 'Access-Control-Allow-Origin' header" in text for text in complaints)
