"""Redis as Celery's broker, for publishing only."""

from collections.abc import Sequence

import kombu.exceptions
import redis.exceptions
from celery import Celery
from kombu import Queue

from ingest_service.task_publisher import BrokerUnavailableError, TaskMessage
from photo_records.task_queue import TASK_NAME, Lane, task_arguments

# How long one step of publishing may take; a frozen broker would block for ever otherwise.
_SOCKET_SECONDS = 1.0


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

    def publish(self, messages: Sequence[TaskMessage]) -> None:
        """Send all messages in one pipeline. Raises BrokerUnavailableError; some may have arrived.

        Celery's own builder makes them, so that any Celery worker understands them.
        """
        amqp = self._app.amqp
        try:
            with self._app.producer_or_acquire() as producer, producer.batch(len(messages)):
                for message in messages:
                    task_id = str(message.task_id)
                    amqp.send_task_message(
                        producer,
                        TASK_NAME,
                        amqp.create_task_message(task_id, TASK_NAME, task_arguments(task_id)),
                        queue=message.lane,
                        headers={"batch_id": message.batch_id, "request_id": message.request_id},
                    )
        except (kombu.exceptions.KombuError, redis.exceptions.RedisError, OSError) as error:
            raise BrokerUnavailableError from error

    def close(self) -> None:
        """Close the connections."""
        self._app.close()
