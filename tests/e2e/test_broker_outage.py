"""A broker that does not answer delays no upload."""

import os
import signal
from typing import Any

from local_stack.running_stack import temporary_stack


def test_an_upload_is_accepted_while_the_broker_is_frozen(make_api: Any, jpeg: bytes) -> None:
    with temporary_stack() as stack:
        api = make_api(stack.base_url)
        redis = stack.processes()["redis"]["pid"]
        os.kill(redis, signal.SIGSTOP)
        try:
            answer = api.upload([("a.jpg", jpeg), ("b.jpg", jpeg)])
            assert answer.status_code == 202
            task_ids = answer.json()["task_ids"]
            tasks = api.http.get("/api/task-status/", params={"task_id": task_ids}).json()["tasks"]
            assert [(task["status"], task["stage"]) for task in tasks] == [
                ("PENDING", "queued")
            ] * 2
        finally:
            os.kill(redis, signal.SIGCONT)
