"""Listens to what is told of changed tasks: one subscription for all streams of a replica."""

import asyncio
import random

import redis
import structlog
from prometheus_client import Counter
from redis.asyncio import Redis

from photo_records.task_changes import CHANNEL, read_change
from status_service.watch_hub import WatchHub

_PING_SECONDS = 10.0
_SHORTEST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 15.0
_MOST_DOUBLINGS = 10

_HEARD = Counter("photo_task_changes_heard_total", "Messages about changed tasks")
_UNREADABLE = Counter(
    "photo_task_changes_unreadable_total", "Messages of the channel that are none"
)
_LOST = Counter("photo_task_changes_subscription_lost_total", "How often the subscription broke")

_log = structlog.get_logger(__name__)


class ChangeFeed:
    """Hands the messages of the channel to the hub; what they miss, the hub's looks find."""

    def __init__(self, client: Redis, hub: WatchHub) -> None:
        self._redis = client
        self._hub = hub
        self._failures = 0

    async def run(self) -> None:
        """Listen until cancelled, and subscribe again whenever Redis went away."""
        while True:
            try:
                await self._listen()
            except (redis.RedisError, OSError) as error:
                _log.warning("changes_not_heard", error=type(error).__name__)
            except Exception:  # noqa: BLE001 - whatever it is, the next subscription may be well
                _log.exception("listening_broke")
            _LOST.inc()
            self._failures += 1
            await asyncio.sleep(self._pause())

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        async with self._redis.pubsub() as pubsub:
            await pubsub.subscribe(CHANNEL)
            heard, is_asked = loop.time(), False
            while True:
                message = await pubsub.get_message(timeout=_PING_SECONDS)
                if message is not None:
                    heard, is_asked = loop.time(), False
                    self._hear(message)
                elif loop.time() - heard >= _PING_SECONDS:
                    if is_asked:
                        # A frozen server, or one whose machine vanished, breaks no connection.
                        raise redis.TimeoutError
                    await pubsub.ping()
                    heard, is_asked = loop.time(), True

    def _hear(self, message: dict[str, object]) -> None:
        if message["type"] == "subscribe":
            self._failures = 0
            _log.info("listening_for_changes")
            # Nobody heard what was told before.
            self._hub.look_soon()
            return
        if message["type"] != "message":
            return
        _HEARD.inc()
        data = message["data"]
        change = read_change(data) if isinstance(data, bytes) else None
        if change is None:
            _UNREADABLE.inc()
            return
        self._hub.note(change)

    def _pause(self) -> float:
        doublings = min(self._failures, _MOST_DOUBLINGS)
        longest = min(_LONGEST_PAUSE_SECONDS, _SHORTEST_PAUSE_SECONDS * 2**doublings)
        return random.uniform(longest / 2, longest)  # noqa: S311
