"""Addresses that name nothing, or try to get out."""

from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("nobody_else_notices")


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/api/task-status/%00", "unknown_task"),
        ("/api/task-status/a%00b", "unknown_task"),
        ("/api/task-status/%ff", "unknown_task"),
        ("/api/task-status/%ED%A0%80", "unknown_task"),
        ("/api/task-status/..", "unknown_task"),
        ("/api/task-status/" + "a" * 60_000, "unknown_task"),
        ("/api/tasks/%00/renditions/%00", "unknown_task"),
        ("/api/tasks/x/original%00", "not_found"),
        ("/api/tasks/x/renditions/..%2f..%2f..%2fetc%2fpasswd", "not_found"),
        ("/api/batches/%00", "unknown_batch"),
        ("/api/batches/%ff", "unknown_batch"),
        ("/api/events?batch_id=%00", "unknown_batch"),
        ("/api/tasks?cursor=%00", "unknown_cursor"),
        ("/api/tasks?cursor=%ff%fe", "unknown_cursor"),
        ("/api/docs/..%2f..%2fsettings.py", "not_found"),
        ("/api/../../etc/passwd", "not_found"),
        ("/%2e%2e/%2e%2e/etc/passwd", "not_found"),
        ("/%", "not_found"),
        ("/%zz", "not_found"),
        ("//livez", "not_found"),
    ],
)
def test_what_no_address_names_is_not_found(abuser: Any, target: str, code: str) -> None:
    answer = abuser.get(target)
    assert (answer.status, answer.code) == (404, code)


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/api/tasks?status=%ff", "invalid_request"),
        ("/api/tasks?limit=" + "9" * 5000, "invalid_request"),
        ("/api/tasks?limit=%00", "invalid_request"),
        ("/api/task-status/", "no_task_ids"),
        ("/api/task-status/?" + "&".join(["task_id=a"] * 101), "too_many_task_ids"),
    ],
)
def test_a_query_that_is_wrong_is_told_so(abuser: Any, target: str, code: str) -> None:
    answer = abuser.get(target)
    assert (answer.status, answer.code) == (422, code)


def test_ids_that_can_be_none_are_unknown_one_by_one(abuser: Any) -> None:
    answer = abuser.get("/api/task-status/?task_id=%00&task_id=%ff&task_id=&task_id=%F0%9F%8C%84")
    assert answer.status == 200
    assert [task["task_id"] for task in answer.json["tasks"]] == [
        "\0",
        "\ufffd",
        "",
        "\U0001f304",
    ]
    assert {task["error"]["code"] for task in answer.json["tasks"]} == {"unknown_task"}


def test_an_address_longer_than_64_kib_is_refused(abuser: Any) -> None:
    answer = abuser.get("/api/limits?" + "a" * 70_000)
    assert (answer.status, answer.code) == (431, "headers_too_large")


def test_an_address_that_is_no_ascii_is_refused(abuser: Any) -> None:
    answer = abuser.get("/api/limits?\xff")
    assert (answer.status, answer.code) == (400, "malformed_request")
