"""What watchers are told of the worker's transitions."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import redis

from local_stack.ports import free_ports
from photo_records.task_changes import CHANNEL, TaskChange, read_change
from photo_worker.change_publisher import ChangePublisher

Wait = Callable[[Callable[[], Any], str], Any]
HOSTILE = str(Path(__file__).with_name("hostile_worker.py"))


@pytest.fixture
def heard(redis_server: Any) -> Iterator[Callable[[UUID], list[TaskChange]]]:
    """The changes of a task that were told since the test began."""
    told: list[TaskChange] = []
    with redis.Redis.from_url(redis_server.redis_url) as client, client.pubsub() as subscription:
        subscription.subscribe(CHANNEL)
        assert subscription.get_message(timeout=20)["type"] == "subscribe"

        def changes(task_id: UUID) -> list[TaskChange]:
            while message := subscription.get_message(timeout=0.01):
                change = read_change(message["data"])
                assert change
                told.append(change)
            return [change for change in told if change.task_id == task_id]

        yield changes


def _client(port: int) -> redis.Redis:
    return redis.Redis(port=port, socket_timeout=0.1, socket_connect_timeout=0.1, retry=None)


@pytest.mark.parametrize("status", ["SUCCESS", "FAILURE"])
def test_a_claim_and_its_end_are_told_with_their_revisions(
    worker: Any, library: Any, jpeg: bytes, wait: Wait, heard: Any, status: str
) -> None:
    task_id = library.add(jpeg if status == "SUCCESS" else b"no photo at all")
    worker.publish(task_id)
    photo = library.wait_for_end(task_id)
    assert photo.status == status
    wait(lambda: len(heard(task_id)) == 2, "both are told")
    assert heard(task_id) == [
        TaskChange(task_id, photo.batch_id, "owner", revision) for revision in (2, 3)
    ]


def test_what_the_parent_writes_is_told(
    run_worker: Any, library: Any, jpeg: bytes, wait: Wait, heard: Any, tmp_path: Path
) -> None:
    with run_worker(library, HOSTILE, str(tmp_path / "gate")) as worker:
        task_id = library.add(jpeg + b"kills")
        worker.publish(task_id)
        assert library.wait_for_end(task_id).error_code == "crashed"
        # Three claims, and three deaths that the parent saw.
        wait(lambda: len(heard(task_id)) == 6, "all are told")
        assert heard(task_id).count(TaskChange(task_id)) == 3
        assert worker.metric("photo_worker_changes_untold_total") == 0


def test_a_redis_that_is_down_is_counted_and_left_alone_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    untold: list[None] = []
    publisher = ChangePublisher(
        _client(free_ports(1)[0]), lambda: untold.append(None), keep_connection=True
    )
    publisher.tell(TaskChange(UUID(int=1)))
    assert len(untold) == 1
    # A second try would end the test.
    monkeypatch.setattr(redis.Redis, "publish", lambda *_: pytest.exit("asked again"))
    publisher.tell(TaskChange(UUID(int=1)))
    assert len(untold) == 2


def test_a_redis_that_takes_long_is_left_alone_for_much_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    untold: list[None] = []
    client = redis.Redis()
    publisher = ChangePublisher(client, lambda: untold.append(None), keep_connection=True)
    now = [0.0]
    monkeypatch.setattr("photo_worker.change_publisher.time.monotonic", lambda: now[0])

    def publish_slowly(*_: object) -> None:
        now[0] += 3

    monkeypatch.setattr(client, "publish", publish_slowly)
    publisher.tell(TaskChange(UUID(int=1)))
    now[0] += 59
    publisher.tell(TaskChange(UUID(int=1)))
    assert (now[0], len(untold)) == (62, 1)
    now[0] += 2
    publisher.tell(TaskChange(UUID(int=1)))
    assert (now[0], len(untold)) == (67, 1)


def test_a_redis_that_accepts_and_never_answers_is_given_up() -> None:
    untold: list[None] = []
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        client = _client(frozen.getsockname()[1])
        publisher = ChangePublisher(client, lambda: untold.append(None), keep_connection=True)
        publisher.tell(TaskChange(UUID(int=1)))
        client.close()
    assert len(untold) == 1


def test_a_publisher_that_keeps_no_connection_leaves_none_open(
    redis_server: Any, wait: Wait
) -> None:
    def connections() -> int:
        listed = observer.client_list()
        return sum(each["name"] == "parent" for each in listed)

    own = redis.Redis.from_url(redis_server.redis_url, client_name="parent")
    kept, dropped = (
        ChangePublisher(own, lambda: pytest.exit("untold"), keep_connection=keep)
        for keep in (True, False)
    )
    with redis.Redis.from_url(redis_server.redis_url) as observer:
        kept.tell(TaskChange(UUID(int=1)))
        assert connections() == 1
        dropped.tell(TaskChange(UUID(int=1)))
        wait(lambda: connections() == 0, "the connection is closed")
