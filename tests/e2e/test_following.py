"""Following an upload: polls with entity tags, answers that wait, server-sent events."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

Event = dict[str, str]

_STREAM_SECONDS = 60.0


def events_of(response: httpx.Response) -> Iterator[Event]:
    """The events of a stream as browsers read them (HTML standard, 9.2.6)."""
    event: Event = {}
    deadline = time.monotonic() + _STREAM_SECONDS
    for line in response.iter_lines():
        # The heartbeats keep the timeout of the client away, and end up here.
        assert time.monotonic() < deadline
        field, _, value = line.partition(": ")
        if line and field:
            event[field] = value
        elif not line and "data" in event:
            yield event
            event = {}


@pytest.fixture
def worker_standing_still(stack: Any, standing_still: Any) -> Any:
    """While this context lasts, no task changes."""
    return standing_still(stack.processes()["worker"]["pid"])


@contextmanager
def follow(api: Any, last_event_id: str = "", **query: str) -> Iterator[Iterator[Event]]:
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    with api.http.stream("GET", "/api/events", params=query, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith("text/event-stream")
        yield events_of(response)


def tasks_of(stream: Iterator[Event], task_id: str) -> list[dict[str, Any]]:
    """What is told of a task until it has ended."""
    told = []
    for event in stream:
        task = json.loads(event["data"])
        if task["task_id"] == task_id:
            told.append(task)
            if task["status"] != "PENDING":
                break
    return told


def test_an_upload_is_followed_by_its_events_until_it_is_done(api: Any, jpeg: bytes) -> None:
    answer = api.upload([("a.jpg", jpeg), ("b.jpg", jpeg), ("c.jpg", jpeg[:500])])
    batch_id = answer.json()["batch_id"]
    assert answer.headers["Location"] == f"/api/batches/{batch_id}"
    with follow(api, batch_id=batch_id) as stream:
        events = list(stream)
    assert {event["event"] for event in events[:-1]} == {"task"}
    tasks = [json.loads(event["data"]) for event in events[:-1]]
    last = {task["task_id"]: task for task in tasks}
    assert last == {task["task_id"]: task for task in api.wait(answer.json()["task_ids"])}
    assert (events[-1]["event"], events[-1]["id"]) == ("done", "done")
    done = json.loads(events[-1]["data"])
    totals = {"PENDING": 0, "SUCCESS": 2, "FAILURE": 1}
    assert done == {"batch_id": batch_id, "totals": totals}
    batch = api.http.get(answer.headers["Location"]).json()
    assert batch["totals"] == done["totals"]
    assert batch["tasks"] == [last[task_id] for task_id in answer.json()["task_ids"]]
    again = api.http.get(
        "/api/events", params={"batch_id": batch_id}, headers={"Last-Event-ID": "done"}
    )
    assert again.status_code == 204


def test_a_stream_that_is_resumed_tells_what_changed_since(
    api: Any, jpeg: bytes, worker_standing_still: Any
) -> None:
    with worker_standing_still, follow(api) as stream:
        [task_id] = api.upload([("a.jpg", jpeg)]).json()["task_ids"]
        first = next(event for event in stream if json.loads(event["data"])["task_id"] == task_id)
    [ended] = api.wait([task_id])
    with follow(api, first["id"]) as stream:
        told = [task for task in tasks_of(stream, task_id) if task["status"] != "PENDING"]
    assert told == [ended]


def test_one_stream_tells_of_uploads_that_come_later_and_of_what_is_deleted(
    api: Any, jpeg: bytes
) -> None:
    with follow(api) as stream:
        [task_id] = api.upload([("a.jpg", jpeg)]).json()["task_ids"]
        tasks_of(stream, task_id)
        assert api.http.delete(f"/api/tasks/{task_id}").status_code == 204
        deleted = next(event for event in stream if event["event"] == "deleted")
    assert json.loads(deleted["data"])["task_id"] == task_id


def test_an_answer_that_waits_comes_with_the_change(
    api: Any, make_api: Any, jpeg: bytes, worker_standing_still: Any
) -> None:
    other = make_api(api.base_url)
    with ThreadPoolExecutor(1) as pool:
        with worker_standing_still:
            [task_id] = api.upload([("a.jpg", jpeg)]).json()["task_ids"]
            address = f"/api/task-status/{task_id}"
            queued = api.http.get(address)
            assert queued.json()["status"] == "PENDING"
            known = {"If-None-Match": queued.headers["ETag"]}
            assert api.http.get(address, headers=known).status_code == 304
            headers = {**known, "Prefer": "wait=30"}
            waiting = pool.submit(other.http.get, address, headers=headers)
        answer = waiting.result()
    assert answer.status_code == 200
    assert answer.headers["ETag"] != queued.headers["ETag"]
    assert answer.headers["Preference-Applied"] == "wait=30"
    while answer.json()["status"] == "PENDING":
        known = {"If-None-Match": answer.headers["ETag"]}
        answer = api.http.get(address, headers={**known, "Prefer": "wait=30"})
        assert answer.status_code == 200
    assert answer.json()["status"] == "SUCCESS"
    assert "Retry-After" not in answer.headers


def test_a_list_is_turned_page_by_page(api: Any, jpeg: bytes) -> None:
    uploaded = api.upload([(f"{n}.jpg", jpeg) for n in range(5)]).json()["task_ids"]
    api.wait(uploaded)
    listed = []
    address = "/api/tasks?limit=2&status=SUCCESS"
    while address:
        answer = api.http.get(address)
        assert answer.status_code == 200
        listed += [task["task_id"] for task in answer.json()["tasks"]]
        address = answer.json()["next"]
    assert listed == uploaded[::-1]
