"""Redis as Celery's broker: publishing, and what the relay asks of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import kombu.exceptions
import redis
from celery import Celery
from kombu import Queue

from ingest_service.task_publisher import BrokerUnavailableError, TaskMessage
from photo_records.task_queue import TASK_NAME, Lane, task_arguments

# How long one step of publishing may take; a frozen broker would block for ever otherwise.
_SOCKET_SECONDS = 1.0
# Written once; a broker that was wiped, or restored from nothing, does not have it.
_MEMORY_KEY = "photo-uploading-service:remembers"


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
                    headers={"batch_id": message.batch_id, "request_id": message.request_id},
                )

    def empty_lanes(self) -> list[Lane]:
        """The lanes whose queue holds no message. Raises BrokerUnavailableError."""
        with _translated_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for lane in Lane:
                pipeline.llen(lane)
            return [lane for lane, size in zip(Lane, pipeline.execute(), strict=True) if not size]

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


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except (kombu.exceptions.KombuError, redis.RedisError, OSError) as error:
        raise BrokerUnavailableError from error
