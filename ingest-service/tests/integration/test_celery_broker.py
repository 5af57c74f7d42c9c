"""What a worker will find in Redis."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from celery import Celery
from kombu import Queue

from ingest_service.celery_broker import CeleryBroker
from ingest_service.task_publisher import (
    BrokerUnavailableError,
    TaskMessage,
)
from local_stack.ports import free_ports
from photo_domain.task_id import new_task_id
from photo_records.task_queue import TASK_NAME, Lane

OpenBroker = Callable[[str], CeleryBroker]


def messages(count: int, lane: Lane = Lane.INTERACTIVE) -> list[TaskMessage]:
    return [TaskMessage(new_task_id(), lane, "a batch", "a request") for _ in range(count)]


@pytest.mark.parametrize("lane", Lane)
def test_a_message_is_what_celery_itself_would_have_sent(
    redis_url: str, open_queue: Any, open_broker: OpenBroker, lane: Lane
) -> None:
    [message] = messages(1, lane)
    open_broker(redis_url).publish([message])
    app = Celery("any", broker=redis_url, set_as_current=False)
    app.conf.task_queues = [Queue(each) for each in Lane]
    app.send_task(
        TASK_NAME,
        args=(str(message.task_id),),
        task_id=str(message.task_id),
        queue=str(lane),
        headers={"batch_id": "a batch", "request_id": "a request"},
        ignore_result=False,  # as a task's own apply_async says; send_task says nothing
    )
    app.close()
    ours, celerys = open_queue(redis_url).messages(lane)
    for each in (ours, celerys):
        assert "@" in each["headers"].pop("origin")
        assert each["properties"].pop("delivery_tag")
        # Celery names a queue for replies that only its rpc backend reads.
        each["properties"].pop("reply_to", None)
    assert datetime.fromisoformat(ours["headers"].pop("published_at")) <= datetime.now(UTC)
    assert ours == celerys


def test_a_message_carries_the_ids_for_the_logs(
    redis_url: str, open_queue: Any, open_broker: OpenBroker
) -> None:
    [message] = messages(1)
    open_broker(redis_url).publish([message])
    [sent] = open_queue(redis_url).messages(Lane.INTERACTIVE)
    assert sent["headers"]["id"] == str(message.task_id)
    assert sent["headers"]["task"] == "image_handler"
    assert (sent["headers"]["batch_id"], sent["headers"]["request_id"]) == ("a batch", "a request")


def test_messages_keep_their_order_and_their_lane(
    redis_url: str, open_queue: Any, open_broker: OpenBroker
) -> None:
    few, many = messages(3), messages(200, Lane.BULK)
    open_broker(redis_url).publish([*few, *many])
    queue = open_queue(redis_url)
    assert queue.task_ids(Lane.INTERACTIVE) == [str(message.task_id) for message in few]
    assert queue.task_ids(Lane.BULK) == [str(message.task_id) for message in many]


async def test_a_group_is_published_in_one_round_trip(
    redis_url: str, open_queue: Any, open_broker: OpenBroker, open_proxy: Any
) -> None:
    parts = urlsplit(redis_url)
    line = await open_proxy(parts.hostname, parts.port)
    broker = open_broker(line.url(redis_url))

    async def turns_of(count: int) -> int:
        before = line.turns
        await asyncio.to_thread(broker.publish, messages(count))
        return line.turns - before

    await turns_of(1)  # connects
    # Redis may begin to answer while a long pipeline still arrives; one trip each were 200 turns.
    assert await turns_of(100) < 50
    assert len(open_queue(redis_url).task_ids(Lane.INTERACTIVE)) == 101


def test_a_redis_that_is_down_is_told_as_such(open_broker: OpenBroker) -> None:
    broker = open_broker(f"redis://127.0.0.1:{free_ports(1)[0]}/0")
    with pytest.raises(BrokerUnavailableError):
        broker.publish(messages(2))


def test_a_wrong_password_is_a_broker_that_is_unavailable(
    redis_url: str, open_broker: OpenBroker
) -> None:
    parts = urlsplit(redis_url)
    broker = open_broker(f"redis://:wrong@{parts.hostname}:{parts.port}/0")
    with pytest.raises(BrokerUnavailableError):
        broker.publish(messages(1))
