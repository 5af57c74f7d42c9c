"""Whatever schemathesis can think of: every answer is as the description of the API says."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest

# What has to have happened, however slow the machine: a real photo was accepted and followed.
_REACHED = {
    "POST /api/upload/ 202",
    "POST /api/upload/ 422",
    "GET /api/task-status/ 200",
    "GET /api/tasks 200",
}
_FOLLOWED = {"POST /api/upload/ -> [202] batch -> GET /api/batches/{batch_id}"}
# What takes more tries, or a task that has ended before it is asked for.
_REACHED_IN_TIME = {
    "GET /api/task-status/{task_id} 200",
    "GET /api/task-status/{task_id} 304",
    "GET /api/batches/{batch_id} 200",
    "GET /api/events 200",
    "GET /api/tasks/{task_id}/original 200",
    "GET /api/tasks/{task_id}/renditions/{name} 200",
    "POST /api/tasks/{task_id}/retry 202",
    "POST /api/tasks/{task_id}/retry 409",
    "DELETE /api/tasks/{task_id} 204",
}
_FOLLOWED_IN_TIME = {
    "POST /api/upload/ -> [202] delete -> DELETE /api/tasks/{task_id}",
    "POST /api/upload/ -> [202] events -> GET /api/events",
    "POST /api/upload/ -> [202] original -> GET /api/tasks/{task_id}/original",
    "POST /api/upload/ -> [202] task_status -> GET /api/task-status/{task_id}",
    "POST /api/upload/ -> [202] task_statuses -> GET /api/task-status/",
    "GET /api/task-status/{task_id} -> [200] task_status -> GET /api/task-status/{task_id}",
    "GET /api/task-status/{task_id} -> [200] retry -> POST /api/tasks/{task_id}/retry",
}


def _assert_as_described(findings: Any) -> None:
    assert findings.succeeded, str(findings)
    assert not [name for name in findings.checks if not name.endswith(": success")], str(findings)
    assert set(findings.answers) >= _REACHED
    assert set(findings.links) >= _FOLLOWED


@pytest.mark.timeout(150)
def test_every_answer_is_as_described(explore: Callable[..., Any]) -> None:
    _assert_as_described(explore(seed=1, max_examples=15, seconds=45))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_answer_is_as_described_however_long_one_looks(explore: Callable[..., Any]) -> None:
    # The output, which a failure shows, names it.
    seed = secrets.randbelow(2**32)
    findings = explore(seed=seed, max_examples=100, seconds=300)
    _assert_as_described(findings)
    assert set(findings.answers) >= _REACHED_IN_TIME
    assert set(findings.links) >= _FOLLOWED_IN_TIME
