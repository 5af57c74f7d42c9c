"""What workers answer is taken as it comes: one of another version may say less."""

from datetime import UTC, datetime
from typing import Any

import pytest

from admin_console.workers import RunningTask, Worker, _worker

_STATS = {
    "total": {"image_handler": 7, "other": 1},
    "uptime": 61,
    "pool": {"max-concurrency": 4, "processes": [1, 2, 3, 4]},
}


def test_what_a_worker_does_is_told() -> None:
    active = [
        {"id": "a task", "time_start": 1_000_000.0, "delivery_info": {"routing_key": "bulk"}},
        {"id": "another", "time_start": None},
    ]
    assert _worker("w@host", _STATS, active) == Worker(
        name="w@host",
        concurrency=4,
        finished_count=8,
        uptime_seconds=61,
        running=(
            RunningTask("a task", datetime(1970, 1, 12, 13, 46, 40, tzinfo=UTC)),
            RunningTask("another", None),
        ),
    )


@pytest.mark.parametrize(
    "told", [{}, None, {"pool": None, "total": 3}, {"pool": {"max-concurrency": "N/A"}}]
)
def test_a_worker_that_tells_little_is_shown_all_the_same(told: Any) -> None:
    worker = _worker("w@host", told, ())
    assert (worker.concurrency, worker.finished_count, worker.running) == (0, 0, ())
