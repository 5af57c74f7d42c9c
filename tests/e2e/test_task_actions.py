"""Owners retry and delete, operators cancel and pause."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from local_stack.running_stack import RunningStack
from photo.ingest.v1 import ingest_service_pb2 as pb
from photo.ingest.v1 import ingest_service_pb2_grpc as pb_grpc

OPERATOR = pb.Viewer(operator="ann")
UNQUEUED = "SELECT count(*) FROM photos WHERE task_id = %s AND enqueued_at IS NULL"


class FrozenWorker:
    """A worker that takes nothing up until it is let go."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self._pid, signal.SIGCONT)


@pytest.fixture
def frozen_worker(stack: RunningStack) -> Iterator[FrozenWorker]:
    worker = FrozenWorker(stack.processes()["worker"]["pid"])
    yield worker
    worker.thaw()


@pytest.fixture
def ingest(stack: RunningStack) -> Iterator[Any]:
    """The ingest service, as an operator's console reaches it."""
    with grpc.insecure_channel(f"127.0.0.1:{stack.processes()['ingest-service']['port']}") as line:
        yield pb_grpc.IngestServiceStub(line)


def upload_one(api: Any, content: bytes) -> str:
    answer = api.upload([("a.jpg", content)])
    assert answer.status_code == 202
    [task_id] = answer.json()["task_ids"]
    return task_id


def task(api: Any, task_id: str) -> dict[str, Any]:
    return api.http.get(f"/api/task-status/{task_id}").json()


def retry(api: Any, task_id: str, **options: Any) -> httpx.Response:
    return api.http.post(f"/api/tasks/{task_id}/retry", **options)


def delete(api: Any, task_id: str, **options: Any) -> httpx.Response:
    return api.http.delete(f"/api/tasks/{task_id}", **options)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def objects_of(state: Any, task_id: str) -> list[Path]:
    folder = state.stack.local_dir / "objects"
    return [path for path in folder.rglob("*") if path.is_file() and task_id in str(path)]


def test_a_photo_that_failed_is_retried_and_succeeds(
    api: Any, jpeg: bytes, state: Any, frozen_worker: FrozenWorker
) -> None:
    task_id = upload_one(api, jpeg)
    [original] = objects_of(state, task_id)
    original.write_bytes(jpeg[:-1] + b"x")
    frozen_worker.thaw()
    [failed] = api.wait([task_id])
    assert failed["error"]["code"] == "original_mismatch"
    original.write_bytes(jpeg)
    answer = retry(api, task_id)
    assert answer.status_code == 202
    assert answer.json()["task_id"] == task_id
    [succeeded] = api.wait([task_id])
    assert (succeeded["status"], succeeded["error"]) == ("SUCCESS", None)
    assert succeeded["attempts"] == 1
    assert refusal(retry(api, task_id)) == (409, "task_not_failed")
    assert task(api, task_id) == succeeded


def test_a_photo_is_deleted_with_everything_that_was_made_of_it(
    api: Any, jpeg: bytes, state: Any
) -> None:
    task_id = upload_one(api, jpeg)
    api.wait([task_id])
    assert len(objects_of(state, task_id)) == 3
    answer = delete(api, task_id)
    assert (answer.status_code, answer.content) == (204, b"")
    assert objects_of(state, task_id) == []
    assert state.count("SELECT count(*) FROM photos WHERE task_id = %s", task_id) == 0
    gone = api.http.get(f"/api/task-status/{task_id}")
    for each in (gone, delete(api, task_id), retry(api, task_id)):
        assert refusal(each) == (404, "unknown_task")


def test_a_photo_is_deleted_before_anybody_has_looked_at_it(
    api: Any, jpeg: bytes, state: Any, frozen_worker: FrozenWorker
) -> None:
    task_id = upload_one(api, jpeg)
    assert task(api, task_id)["status"] == "PENDING"
    assert delete(api, task_id).status_code == 204
    assert objects_of(state, task_id) == []
    frozen_worker.thaw()
    [after] = api.wait([upload_one(api, jpeg)])  # behind the message of the deleted one
    assert after["status"] == "SUCCESS"
    assert objects_of(state, task_id) == []


def test_nobody_learns_of_the_photos_of_others_or_changes_them(
    api: Any, make_api: Any, jpeg: bytes
) -> None:
    task_id = upload_one(api, jpeg)
    [before] = api.wait([task_id])
    stranger = make_api(api.base_url)
    for asked in (task_id, "01919a3c-5e00-7abc-8def-0123456789ab", "no-id"):
        for answer in (retry(stranger, asked), delete(stranger, asked)):
            assert refusal(answer) == (404, "unknown_task")
    assert task(api, task_id) == before


def test_without_a_token_nothing_is_changed(api: Any, jpeg: bytes) -> None:
    task_id = upload_one(api, jpeg)
    [before] = api.wait([task_id])
    for token in ("", "wrong"):
        for act in (retry, delete):
            answer = act(api, task_id, headers={"X-CSRFToken": token})
            assert refusal(answer) == (403, "csrf_failed")
    assert task(api, task_id) == before


def test_a_cancelled_task_fails_and_can_be_retried_while_its_old_message_waits(
    api: Any, jpeg: bytes, ingest: Any, frozen_worker: FrozenWorker
) -> None:
    task_id = upload_one(api, jpeg)
    ingest.CancelTask(pb.CancelTaskRequest(task_id=task_id, viewer=OPERATOR), timeout=20)
    cancelled = task(api, task_id)
    assert (cancelled["status"], cancelled["error"]["code"]) == ("FAILURE", "cancelled")
    answer = retry(api, task_id)
    assert (answer.status_code, answer.json()["status"]) == (202, "PENDING")
    frozen_worker.thaw()
    [succeeded] = api.wait([task_id])
    assert (succeeded["status"], succeeded["attempts"]) == ("SUCCESS", 1)


def test_a_replay_leaves_out_what_was_deleted_since(api: Any, jpeg: bytes, state: Any) -> None:
    files = [("a.jpg", jpeg), ("notes.txt", b"x"), ("b.jpg", jpeg), ("c.jpg", jpeg)]

    def upload() -> httpx.Response:
        parts = [("images", each) for each in files]
        return api.http.post("/api/upload/", files=parts, headers={"Idempotency-Key": "a replay"})

    first = upload().json()
    api.wait(first["task_ids"])
    assert delete(api, first["task_ids"][1]).status_code == 204
    before = state.photos(), state.batches(), state.originals()
    again = upload()
    assert again.status_code == 202
    kept = [each for each in first["accepted"] if each["file_name"] != "b.jpg"]
    assert again.json() == first | {
        "task_ids": [each["task_id"] for each in kept],
        "accepted": kept,
    }
    assert (state.photos(), state.batches(), state.originals()) == before
    for each in kept:
        assert delete(api, each["task_id"]).status_code == 204
    emptied = upload()
    assert emptied.status_code == 202
    assert emptied.json() == first | {"task_ids": [], "accepted": []}
    assert state.originals() == before[2] - {
        path for path in before[2] if any(each["task_id"] in path.name for each in kept)
    }


def test_what_is_uploaded_to_a_paused_lane_waits_until_it_is_resumed(
    api: Any, jpeg: bytes, stack: RunningStack, state: Any, ingest: Any, wait_until: Any
) -> None:
    metrics = f"http://127.0.0.1:{stack.processes()['ingest-service']['metrics_port']}/metrics"

    def is_paused() -> bool:
        text = httpx.get(metrics, trust_env=False, timeout=20).text
        return 'photo_lane_paused{lane="interactive"} 1.0' in text

    ingest.PauseLane(pb.PauseLaneRequest(lane="interactive", viewer=OPERATOR), timeout=20)
    try:
        wait_until(is_paused, "the pause is known")
        task_id = upload_one(api, jpeg)
        # Long enough for the relay to have taken it up, were it not for the pause.
        wait_until(
            lambda: (
                state.count(
                    "SELECT count(*) FROM photos WHERE task_id = %s"
                    " AND created_at < now() - interval '8 seconds'",
                    task_id,
                )
                == 1
            ),
            "it is old enough",
        )
        assert state.count(UNQUEUED, task_id) == 1
        assert (task(api, task_id)["status"], task(api, task_id)["stage"]) == ("PENDING", "queued")
    finally:
        resumed = pb.ResumeLaneRequest(lane="interactive", viewer=OPERATOR)
        ingest.ResumeLane(resumed, timeout=20)
    [after] = api.wait([task_id])
    assert after["status"] == "SUCCESS"
    wait_until(lambda: not is_paused(), "the resume is known")
