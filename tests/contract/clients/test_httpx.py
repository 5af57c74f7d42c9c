"""httpx, and httpx-sse for events, as programs in Python use them."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from httpx_sse import EventSource, ServerSentEvent, connect_sse

UPLOAD = "/api/upload/"


def tasks_of(events: EventSource, task_ids: set[str]) -> Iterator[ServerSentEvent]:
    """What is told of these tasks; other tests may upload for the same owner."""
    for event in events.iter_sse():
        if event.event == "task" and event.json()["task_id"] in task_ids:
            yield event


def test_httpx_uploads_several_files_of_which_one_is_bad(http: httpx.Client, jpeg: bytes) -> None:
    answer = http.post(
        UPLOAD,
        files=[
            ("images", ("a.jpg", jpeg, "image/jpeg")),
            ("images", ("bad.png", b"no picture", "image/png")),
            ("images", ("日本.jpeg", jpeg)),
        ],
        data={"note": "A field that the service does not know"},
    )
    assert answer.status_code == 202
    receipt = answer.json()
    assert [task["file_name"] for task in receipt["accepted"]] == ["a.jpg", "日本.jpeg"]
    [rejected] = receipt["rejected"]
    assert rejected["file_name"] == "bad.png"
    assert [error["code"] for error in rejected["errors"]] == ["content_mismatch"]
    batch = http.get(answer.headers["Location"]).json()
    assert batch["rejected"] == receipt["rejected"]


def test_one_poll_of_httpx_tells_of_100_tasks_in_the_order_asked(
    http: httpx.Client, jpeg: bytes
) -> None:
    files = [("images", (f"{number}.jpg", jpeg)) for number in range(4)]
    known = http.post(UPLOAD, files=files).json()["task_ids"]
    asked = [*(str(uuid.uuid4()) for _ in range(90)), *known, "no-id", "", *reversed(known)]
    assert len(asked) == 100
    answer = http.get("/api/task-status/", params={"task_id": asked})
    assert answer.status_code == 200
    tasks = answer.json()["tasks"]
    assert [task["task_id"] for task in tasks] == asked
    assert [task["task_id"] for task in tasks if task["status"]] == [*known, *reversed(known)]
    unknown = [task for task in tasks if not task["status"]]
    assert {task["error"]["code"] for task in unknown} == {"unknown_task"}
    too_many = http.get("/api/task-status/", params={"task_id": [*asked, "one more"]})
    assert (too_many.status_code, too_many.json()["code"]) == (422, "too_many_task_ids")


def test_httpx_waits_for_a_result_with_few_requests(http: httpx.Client, jpeg: bytes) -> None:
    [task] = http.post(UPLOAD, files={"images": ("a.jpg", jpeg)}).json()["accepted"]
    known = ""
    statuses: list[str] = []
    while not statuses or statuses[-1] == "PENDING":
        headers = {"Prefer": "wait=30", "If-None-Match": known}
        answer = http.get(task["status_url"], headers=headers)
        assert answer.status_code == 200
        known = answer.headers["ETag"]
        statuses.append(answer.json()["status"])
    assert statuses[-1] == "SUCCESS"
    # Queued, processing, ended: each answer brought news.
    assert len(statuses) <= 3
    rendition = http.get(answer.json()["result"]["renditions"][0]["url"])
    assert rendition.headers["Content-Type"] == "image/webp"


async def test_httpx_sends_a_body_of_unknown_length(
    stack: Any, authorization: dict[str, str], jpeg: bytes
) -> None:
    async def body() -> Any:
        yield b'--edge\r\nContent-Disposition: form-data; name="images"; filename="a.jpg"\r\n\r\n'
        for begin in range(0, len(jpeg), 1000):
            yield jpeg[begin : begin + 1000]
        yield b"\r\n--edge--\r\n"

    headers = {**authorization, "Content-Type": "multipart/form-data; boundary=edge"}
    async with httpx.AsyncClient(base_url=stack.base_url, trust_env=False) as client:
        answer = await client.post(UPLOAD, content=body(), headers=headers)
    assert answer.request.headers["Transfer-Encoding"] == "chunked"
    assert answer.status_code == 202
    assert answer.json()["accepted"][0]["size"] == len(jpeg)


def test_httpx_gets_the_first_answer_again_when_that_was_lost(
    http: httpx.Client, network: Any, jpeg: bytes
) -> None:
    def upload(address: str) -> httpx.Response:
        headers = {"Idempotency-Key": '"httpx-1"'}
        return http.post(address, headers=headers, files={"images": ("a.jpg", jpeg)})

    network.lose_next_answer()
    with pytest.raises(httpx.RemoteProtocolError):
        upload(network.base_url + UPLOAD)
    repeated = upload(network.base_url + UPLOAD)
    assert repeated.status_code == 202
    assert upload(UPLOAD).json() == repeated.json()


def test_httpx_sse_follows_a_batch_until_it_is_done(http: httpx.Client, jpeg: bytes) -> None:
    files = [("images", (f"{number}.jpg", jpeg)) for number in range(3)]
    receipt = http.post(UPLOAD, files=files).json()
    address = f"/api/events?batch_id={receipt['batch_id']}"
    with connect_sse(http, "GET", address) as events:
        # Of a bare `retry`, which is no event, httpx-sse makes one without a name all the same.
        told = [event for event in events.iter_sse() if event.event != "message"]
    assert told[-1].event == "done"
    assert told[-1].json()["totals"] == {"PENDING": 0, "SUCCESS": 3, "FAILURE": 0}
    last = {event.json()["task_id"]: event.json()["status"] for event in told[:-1]}
    assert last == dict.fromkeys(receipt["task_ids"], "SUCCESS")


def test_httpx_sse_misses_nothing_of_what_happened_while_the_connection_was_broken(
    http: httpx.Client, network: Any, jpeg: bytes
) -> None:
    address = f"{network.base_url}/api/events"
    with connect_sse(http, "GET", address) as events:
        first = http.post(UPLOAD, files={"images": ("a.jpg", jpeg)}).json()
        stream = tasks_of(events, set(first["task_ids"]))
        told = next(stream)
        network.go_down()
        with pytest.raises(httpx.RemoteProtocolError):
            list(stream)
    files = [("images", (f"{number}.jpg", jpeg)) for number in range(2)]
    missed = http.post(UPLOAD, files=files).json()
    assert "event: done" in http.get(f"/api/events?batch_id={missed['batch_id']}").text
    network.come_up()
    with connect_sse(http, "GET", address, headers={"Last-Event-ID": told.id}) as events:
        ended = {}
        for event in tasks_of(events, set(missed["task_ids"])):
            ended[event.json()["task_id"]] = event.json()["status"]
            if len(ended) == 2:
                break
    assert ended == dict.fromkeys(missed["task_ids"], "SUCCESS")
