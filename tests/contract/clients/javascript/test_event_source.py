"""The EventSource of npm's `eventsource`, which follows the HTML standard, in Node."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from local_stack.running_stack import RunningStack

UPLOAD = "/api/upload/"

Told = dict[str, Any]
Follow = Callable[[str], AbstractContextManager[Iterator[Told]]]


@pytest.fixture
def follow(scripts: Path, node: str, key_file: Path) -> Follow:
    """Opens an EventSource in Node and hands out what happens to it, until `done`."""

    @contextmanager
    def opened(address: str) -> Iterator[Iterator[Told]]:
        command = [node, "follow.mjs", address, str(key_file)]
        with subprocess.Popen(command, cwd=scripts, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout
                yield map(json.loads, process.stdout)
            finally:
                process.kill()

    return opened


def next_task(told: Iterator[Told], task_ids: list[str]) -> dict[str, Any]:
    """The next word of one of these tasks; other tests may upload for the same owner."""
    return next(
        each["data"]
        for each in told
        if each["event"] == "task" and each["data"]["task_id"] in task_ids
    )


def test_an_event_source_follows_an_upload_until_it_is_done(
    follow: Follow, stack: RunningStack, http: httpx.Client, jpeg: bytes
) -> None:
    files = [("images", ("a.jpg", jpeg)), ("images", ("b.jpg", jpeg[: len(jpeg) // 2]))]
    receipt = http.post(UPLOAD, files=files).json()
    with follow(f"{stack.base_url}/api/events?batch_id={receipt['batch_id']}") as happening:
        told = list(happening)
    assert told[0]["event"] == "open"
    tasks = [each["data"] for each in told if each["event"] == "task"]
    last = {task["task_id"]: task["status"] for task in tasks}
    assert last == dict(zip(receipt["task_ids"], ["SUCCESS", "FAILURE"], strict=True))
    totals = {"PENDING": 0, "SUCCESS": 1, "FAILURE": 1}
    done = {"batch_id": receipt["batch_id"], "totals": totals}
    assert told[-1] == {"event": "done", "data": done}
    assert [each["event"] for each in told].count("open") == 1


def test_an_event_source_comes_back_by_itself_and_is_told_what_it_missed(
    follow: Follow, http: httpx.Client, network: Any, jpeg: bytes
) -> None:
    with follow(f"{network.base_url}/api/events") as told:
        assert next(told)["event"] == "open"
        seen = http.post(UPLOAD, files={"images": ("seen.jpg", jpeg)}).json()["task_ids"]
        next_task(told, seen)
        network.go_down()
        assert next(each for each in told if each["event"] == "error")
        files = [("images", (f"missed{number}.jpg", jpeg)) for number in range(3)]
        missed = http.post(UPLOAD, files=files).json()
        address = f"/api/events?batch_id={missed['batch_id']}"
        assert "event: done" in http.get(address).text
        network.come_up()
        ended: dict[str, str] = {}
        while len(ended) < len(missed["task_ids"]):
            task = next_task(told, missed["task_ids"])
            ended[task["task_id"]] = task["status"]
    assert ended == dict.fromkeys(missed["task_ids"], "SUCCESS")
    assert b"last-event-id: " in network.heads[-1].lower()
    assert b"last-event-id: " not in network.heads[0].lower()
