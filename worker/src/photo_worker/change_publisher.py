"""Tells watchers of what this process committed."""

import time
from collections.abc import Callable

import redis
import structlog

from photo_records.task_changes import CHANNEL, TaskChange, change_message

# After a failure, or when it took long, nothing is tried for a while: a slow Redis, or a slow
# resolver of its name, must not slow photos down. What changes meanwhile is found by who looks.
_PAUSE_SECONDS = 10.0
_LONG_SECONDS = 0.5
# So a pause is twenty times as long as what it is for: at most a twentieth of the time is lost.
_PAUSES = 20

_log = structlog.get_logger(__name__)

# Called after a commit; never fails, and hardly ever waits.
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
        started = time.monotonic()
        try:
            self._redis.publish(CHANNEL, change_message(change))
        except Exception as error:  # noqa: BLE001 - the photo goes on, whatever it is
            self._pause(time.monotonic() - started)
            self._count_untold()
            _log.warning("change_not_told", error=type(error).__name__)
        else:
            if (seconds := time.monotonic() - started) > _LONG_SECONDS:
                self._pause(seconds)
        finally:
            if not self._keep_connection:
                self._redis.connection_pool.disconnect()

    def _pause(self, lost_seconds: float) -> None:
        pause = max(_PAUSE_SECONDS, _PAUSES * lost_seconds)
        self._paused_until = time.monotonic() + pause
