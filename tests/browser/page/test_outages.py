"""The network and the service go away in the middle of an upload, and come back."""

import os
import re
import signal
from typing import Any

from playwright.sync_api import expect

from local_stack.running_stack import RunningStack

_UPLOAD = "**/api/upload/"


def test_an_upload_waits_for_the_network_and_goes_on_by_itself(
    photo_page: Any, make_photos: Any
) -> None:
    held = photo_page.hold_uploads()
    photo_page.choose(*make_photos(12))
    with photo_page.page.expect_request(_UPLOAD):
        photo_page.send(12)
    photo_page.page.context.set_offline(offline=True)
    for route in list(held):
        route.abort("internetdisconnected")
    expect(photo_page.headline).to_have_text("Waiting; the upload goes on by itself")
    expect(photo_page.page.get_by_text("The service cannot be reached.").first).to_be_visible()
    expect(photo_page.page.get_by_text("No connection; ")).to_be_visible()

    photo_page.page.unroute(_UPLOAD)
    photo_page.page.context.set_offline(offline=False)
    expect(photo_page.headline).to_have_text("12 files are sent")
    expect(photo_page.photos).to_have_count(12)
    expect(photo_page.photos.filter(has_text="Done")).to_have_count(12)


def test_a_page_without_its_stream_asks_and_says_so_until_the_stream_is_back(
    photo_page: Any, make_photos: Any
) -> None:
    page = photo_page.page
    line = page.locator("#link-state")
    expect(line).to_have_attribute("data-link", "live")
    page.route("**/api/events*", lambda route: route.fulfill(status=503))
    # As when it comes back out of the browser's cache, without its connections.
    come_back = "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
    with page.expect_request("**/api/events*"):
        page.evaluate(come_back)
    expect(line).to_have_text("Looking for news every few seconds")
    expect(line.locator("use")).to_have_attribute("href", re.compile("#retry$"))
    photo_page.choose(*make_photos(1))
    photo_page.send(1)
    expect(photo_page.photos.filter(has_text="Done")).to_have_count(1)

    page.unroute("**/api/events*")
    page.evaluate(come_back)
    expect(line).to_be_empty()


def test_an_upload_outlives_a_gateway_that_is_killed_in_the_middle(
    photo_page: Any, make_photos: Any, stack: RunningStack
) -> None:
    network = photo_page.page.context.new_cdp_session(photo_page.page)
    photos = make_photos(12, (1600, 1200))
    total = sum(len(each["buffer"]) for each in photos)
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1}
    network.send("Network.emulateNetworkConditions", {**conditions, "uploadThroughput": total / 4})
    photo_page.choose(*photos)
    with photo_page.page.expect_request(_UPLOAD):
        photo_page.send(12)
    os.kill(stack.processes()["upload-gateway"]["pid"], signal.SIGKILL)
    network.send("Network.emulateNetworkConditions", {**conditions, "uploadThroughput": -1})
    expect(photo_page.headline).to_have_text("12 files are sent")
    expect(photo_page.photos).to_have_count(12)
    # The stream of events is back too.
    expect(photo_page.photos.filter(has_text="Done")).to_have_count(12)
    photo_page.page.reload()
    # None was accepted twice.
    expect(photo_page.photos).to_have_count(12)
