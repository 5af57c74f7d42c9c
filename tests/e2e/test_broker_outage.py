"""A broker that does not answer delays no upload, and no task is lost with it."""

import errno
import socket
from typing import Any
from urllib.parse import urlsplit

import psutil
import redis

from local_stack.running_stack import temporary_stack


def test_an_upload_is_accepted_while_the_broker_is_frozen(
    make_api: Any, standing_still: Any, jpeg: bytes
) -> None:
    with temporary_stack() as stack:
        api = make_api(stack.base_url)
        with standing_still(stack.processes()["redis"]["pid"]):
            answer = api.upload([("a.jpg", jpeg), ("b.jpg", jpeg)])
            assert answer.status_code == 202
            task_ids = answer.json()["task_ids"]
            tasks = api.http.get("/api/task-status/", params={"task_id": task_ids}).json()["tasks"]
            assert [(task["status"], task["stage"]) for task in tasks] == [
                ("PENDING", "queued")
            ] * 2
        assert [task["status"] for task in api.wait(task_ids)] == ["SUCCESS"] * 2


def test_an_upload_is_accepted_while_there_is_no_broker(
    make_api: Any, standing_still: Any, wait_until: Any, jpeg: bytes
) -> None:
    with temporary_stack() as stack:
        api = make_api(stack.base_url)
        # The stack itself stands still, or it would start the broker again at once.
        with standing_still(stack.pid, with_children=False):
            broker = psutil.Process(stack.processes()["redis"]["pid"])
            broker.kill()
            wait_until(lambda: _is_refused(stack.redis_url), "the broker is dead")
            answer = api.upload([("a.jpg", jpeg), ("b.jpg", jpeg)])
            assert answer.status_code == 202
            assert broker.status() == psutil.STATUS_ZOMBIE
        tasks = api.wait(answer.json()["task_ids"])
        assert [task["status"] for task in tasks] == ["SUCCESS"] * 2


def _is_refused(url: str) -> bool:
    """Whether nobody listens there: a killed process is a zombie before its socket is closed."""
    address = urlsplit(url)
    with socket.socket() as connection:
        connection.settimeout(1)
        return connection.connect_ex((address.hostname, address.port)) == errno.ECONNREFUSED


def test_a_broker_that_lost_everything_costs_no_task_its_result(
    make_api: Any, standing_still: Any, jpeg: bytes
) -> None:
    with temporary_stack({"WORKER_CONCURRENCY": "1"}) as stack:
        api = make_api(stack.base_url)
        with standing_still(stack.processes()["worker"]["pid"]):
            task_ids = api.upload([(f"{n}.jpg", jpeg) for n in range(20)]).json()["task_ids"]
            with redis.Redis.from_url(stack.redis_url) as client:
                client.flushall()
        assert [task["status"] for task in api.wait(task_ids)] == ["SUCCESS"] * 20
