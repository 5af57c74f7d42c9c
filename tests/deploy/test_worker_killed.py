"""A worker that is killed is started again, and its photos end as if nothing had been."""

from typing import Any

from local_stack.sample_photos import Expected, SamplePhoto, sample_jpeg

# All processes of the container but its first one, which then ends by itself.
_KILL_ALL = "import os, signal; os.kill(-1, signal.SIGKILL)"


def test_every_photo_succeeds_although_the_worker_dies_at_work(
    system: Any, results: Any, wait_until: Any
) -> None:
    content = sample_jpeg()
    photos = [
        SamplePhoto(f"{number}.jpg", "image/jpeg", content, Expected.SUCCESS)
        for number in range(60)
    ]
    worker = system.container("worker")
    before = system.engine.inspect(worker)["RestartCount"]
    with system.api() as api:
        task_ids = api.upload(photos)["task_ids"]
        wait_until(
            lambda: any(task["status"] == "SUCCESS" for task in api.tasks(task_ids)),
            "the worker is at it",
        )
        system.python("worker", _KILL_ALL)
        assert any(task["status"] == "PENDING" for task in api.tasks(task_ids))
        wait_until(
            lambda: system.engine.inspect(worker)["RestartCount"] > before, "it is started again"
        )
        tasks = results(api, task_ids)
    assert {task["status"] for task in tasks} == {"SUCCESS"}
    wait_until(
        lambda: system.engine.inspect(worker)["State"]["Health"]["Status"] == "healthy",
        "it is healthy again",
    )
