"""Tells watchers of what this process committed."""

import time
from collections.abc import Callable

import redis
import structlog

from photo_records.task_changes import CHANNEL, TaskChange, change_message

# After a failure nothing is tried for so long: a frozen Redis must not slow photos down, and what
# changes meanwhile is found by who looks.
_PAUSE_SECONDS = 10.0

_log = structlog.get_logger(__name__)

# Called after a commit; never fails, and waits for half a second at most.
TellChange = Callable[[TaskChange], None]


class ChangePublisher:
    """Publishes best effort. Belongs to one process and thread.

    One that is to `keep_connection` must not be used before a fork.
    """

    def __init__(
        self, client: redis.Redis, count_untold: Callable[[], None], *, keep_connection: bool
    ) -> None:
        self._redis = client
        self._count_untold = count_untold
        self._keep_connection = keep_connection
        self._paused_until = 0.0

    def tell(self, change: TaskChange) -> None:
        """Tell of a change that is committed; what cannot be told is counted."""
        if time.monotonic() < self._paused_until:
            self._count_untold()
            return
        try:
            self._redis.publish(CHANNEL, change_message(change))
        except Exception as error:  # noqa: BLE001 - the photo goes on, whatever it is
            self._paused_until = time.monotonic() + _PAUSE_SECONDS
            self._count_untold()
            _log.warning("change_not_told", error=type(error).__name__)
        finally:
            if not self._keep_connection:
                self._redis.connection_pool.disconnect()
