"""The messages about changed tasks, as one process writes them and another reads them."""

import json
from uuid import UUID

import pytest

from photo_records.task_changes import TaskChange, change_message, read_change

TASK, BATCH = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    "change",
    [
        TaskChange(TASK),
        TaskChange(TASK, BATCH, "owner", 3),
        TaskChange(None, BATCH, "owner"),
        TaskChange(TASK, BATCH, "ÖWNER 🦉 \n", deleted=True),
    ],
)
def test_a_change_is_read_as_it_was_written(change: TaskChange) -> None:
    assert read_change(change_message(change)) == change


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xff",
        b"x",
        b"1",
        b"[]",
        b"{}",
        b"null",
        b'"task_id"',
        b'{"task_id": 1}',
        b'{"task_id": "x"}',
        b'{"task_id": null}',
        b'{"owner": "owner"}',
        b"[" * 4_000,
        json.dumps({"task_id": str(TASK), "owner": 1}).encode(),
        json.dumps({"task_id": str(TASK), "owner": "x" * 256}).encode(),
        json.dumps({"task_id": str(TASK), "revision": "1"}).encode(),
        json.dumps({"task_id": str(TASK), "deleted": True}).encode(),
        json.dumps({"task_id": str(TASK), "filler": "x" * 4_096}).encode(),
    ],
)
def test_what_is_no_change_is_none(message: bytes) -> None:
    assert read_change(message) is None


def test_what_a_newer_version_adds_is_left_aside() -> None:
    message = json.dumps({"task_id": str(TASK), "stage": "queued"}).encode()
    assert read_change(message) == TaskChange(TASK)
