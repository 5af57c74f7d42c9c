"""Waiting for what another process does."""

import time
from collections.abc import Callable
from typing import Any

DEADLINE_SECONDS = 60


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + DEADLINE_SECONDS
    pause = 0.01
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(pause)  # noqa: TID251 - between two looks at the condition
        pause = min(0.2, pause * 1.5)
    raise AssertionError(f"not within {DEADLINE_SECONDS} s: {what}")
