"""Redis as Celery's broker: publishing, and what the relay asks of it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import kombu.exceptions
import redis
from celery import Celery
from kombu import Queue

from ingest_service.task_publisher import BrokerUnavailableError, TaskMessage
from photo_records.outbox import NOTHING_WAITS
from photo_records.task_queue import TASK_NAME, Lane, task_arguments
from service_kit.tracing import TRACEPARENT

# How long one step of publishing may take; a frozen broker would block for ever otherwise.
_SOCKET_SECONDS = 1.0
# Written once; a broker that was wiped, or restored from nothing, does not have it.
_MEMORY_KEY = "photo-uploading-service:remembers"


# The header that tells when a message was published.
_PUBLISHED_AT = "published_at"


class CeleryBroker:
    """Publishes Celery messages to Redis, many in one round trip. Not for several threads."""

    def __init__(self, redis_url: str) -> None:
        self._app = Celery("ingest-service", broker=redis_url, set_as_current=False)
        self._app.conf.update(
            task_queues=[Queue(lane) for lane in Lane],
            task_create_missing_queues=False,
            task_serializer="json",
            task_publish_retry=False,
            broker_connection_timeout=_SOCKET_SECONDS,
            broker_transport_options={
                "socket_timeout": _SOCKET_SECONDS,
                "socket_connect_timeout": _SOCKET_SECONDS,
                "max_retries": 0,
            },
        )
        self._redis = redis.Redis.from_url(
            redis_url, socket_timeout=_SOCKET_SECONDS, socket_connect_timeout=_SOCKET_SECONDS
        )

    def publish(self, messages: Sequence[TaskMessage]) -> None:
        """Send all messages in one pipeline. Raises BrokerUnavailableError; some may have arrived.

        Celery's own builder makes them, so that any Celery worker understands them.
        """
        amqp = self._app.amqp
        published_at = datetime.now(UTC).isoformat()
        with (
            _translated_errors(),
            self._app.producer_or_acquire() as producer,
            producer.batch(len(messages)),
        ):
            for message in messages:
                task_id = str(message.task_id)
                amqp.send_task_message(
                    producer,
                    TASK_NAME,
                    amqp.create_task_message(task_id, TASK_NAME, task_arguments(task_id)),
                    queue=message.lane,
                    headers={
                        "batch_id": message.batch_id,
                        "request_id": message.request_id,
                        _PUBLISHED_AT: published_at,
                        **({TRACEPARENT: message.traceparent} if message.traceparent else {}),
                    },
                )

    def given_out_until(self) -> dict[Lane, datetime]:
        """When the message that is next in each lane was published; NOTHING_WAITS without one.

        A lane whose next message does not tell is left out. Raises BrokerUnavailableError.
        """
        with _translated_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for lane in Lane:
                # Kombu adds on the left and takes from the right.
                pipeline.lindex(lane, -1)
            next_messages = pipeline.execute()
        times = {lane: _published_at(each) for lane, each in zip(Lane, next_messages, strict=True)}
        return {lane: time for lane, time in times.items() if time}

    def remembers(self) -> bool:
        """Whether the mark of `remember` is there. Raises BrokerUnavailableError."""
        with _translated_errors():
            return bool(self._redis.exists(_MEMORY_KEY))

    def remember(self) -> None:
        """Leave a mark that is gone when Redis loses its memory. Raises BrokerUnavailableError."""
        with _translated_errors():
            self._redis.set(_MEMORY_KEY, "1")

    def close(self) -> None:
        """Close the connections."""
        self._app.close()
        self._redis.close()


def _published_at(message: bytes | None) -> datetime | None:
    if message is None:
        return NOTHING_WAITS
    try:
        return datetime.fromisoformat(json.loads(message)["headers"][_PUBLISHED_AT]).astimezone(UTC)
    except (ValueError, LookupError, TypeError):
        # Not one of ours, or of an older version: it is given out in its turn.
        return None


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except (kombu.exceptions.KombuError, redis.RedisError, OSError) as error:
        raise BrokerUnavailableError from error
