"""Takes the pictures of docs/screenshots from the running page: `make screenshots`."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Page, expect, sync_playwright

from local_stack.running_stack import RunningStack, temporary_stack
from local_stack.sample_photos import Expected, sample_photos

_FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_DESK = {"viewport": {"width": 1280, "height": 900}}
_PHONE = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}

expect.set_options(timeout=30_000)


def _files(*, with_refused: bool) -> list[Any]:
    """The generated photos of the demo; those that are refused only where they are wanted."""
    return [
        {"name": photo.file_name, "mimeType": photo.content_type, "buffer": photo.content}
        for photo in sample_photos()
        if with_refused or photo.expected is not Expected.REJECTED
    ]


def _choose(page: Page, *, with_refused: bool) -> None:
    with page.expect_file_chooser() as chooser:
        page.locator("#choose").click()
    chooser.value.set_files(_files(with_refused=with_refused))
    expect(page.locator("#files > li[data-state=ready]")).to_have_count(5)
    # A PDF has no picture in a browser, nor has what is damaged.
    expect(page.locator("#files canvas:visible")).to_have_count(3)


def _send(page: Page) -> None:
    page.locator("#progress button.primary:visible").click()


def _see_the_end(page: Page) -> None:
    expect(page.locator("article[data-status=SUCCESS] img[data-loaded]")).to_have_count(4)
    expect(page.locator("article[data-status=FAILURE]")).to_have_count(1)
    expect(page.locator("#files > li")).to_have_count(0)
    page.wait_for_function("() => document.getAnimations().length === 0")


def _chosen(page: Page, stack: RunningStack) -> None:
    _choose(page, with_refused=True)


def _sending(page: Page, stack: RunningStack) -> None:
    _choose(page, with_refused=False)
    network = page.context.new_cdp_session(page)
    total = sum(len(each["buffer"]) for each in _files(with_refused=False))
    network.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": total / 12},
    )
    _send(page)
    page.wait_for_function(
        "() => { const bar = document.querySelector('#progress progress');"
        " return bar.value / bar.max > 0.4; }"
    )


def _processing(page: Page, stack: RunningStack) -> None:
    worker = psutil.Process(stack.processes()["worker"]["pid"])
    children = worker.children()
    for process in (worker, *children):
        process.suspend()
    try:
        _choose(page, with_refused=False)
        _send(page)
        expect(page.locator("#files > li")).to_have_count(0)
        expect(page.locator("#gallery > li")).to_have_count(5)
    finally:
        for process in (worker, *children):
            process.resume()


def _done(page: Page, stack: RunningStack) -> None:
    _choose(page, with_refused=False)
    _send(page)
    _see_the_end(page)


def _details(page: Page, stack: RunningStack) -> None:
    _done(page, stack)
    page.locator("article").filter(has_text="sunset.jpg").get_by_role("button").first.click()
    expect(page.locator("dialog img[data-loaded]")).to_be_visible()
    page.wait_for_function("() => document.getAnimations().length === 0")


_PICTURES: dict[str, tuple[dict[str, Any], Callable[[Page, RunningStack], None]]] = {
    "chosen": (_DESK, _chosen),
    "sending": (_DESK, _sending),
    "processing": (_DESK, _processing),
    "done": (_DESK, _done),
    "details": (_DESK, _details),
    "dark": ({**_DESK, "color_scheme": "dark"}, _done),
    "phone": ({**_PHONE, "locale": "ru-RU"}, _done),
}


def main() -> int:
    """Take every picture; 1 where there is no Chromium."""
    program = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if program is None:
        sys.stderr.write("No Chromium is on PATH: apt install chromium\n")
        return 1
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with temporary_stack() as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        for name, (look, lead_to) in _PICTURES.items():
            context = browser.new_context(**look)
            page = context.new_page()
            page.goto(f"{stack.base_url}/api/")
            expect(page.locator("html.js")).to_be_attached()
            lead_to(page, stack)
            page.mouse.move(0, 0)
            page.screenshot(path=_FOLDER / f"{name}.png")
            sys.stdout.write(f"docs/screenshots/{name}.png\n")
            context.close()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
