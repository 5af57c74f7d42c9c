"""A worker that is killed is started again, and its photos end as if nothing had been."""

from typing import Any

from local_stack.sample_photos import Expected, SamplePhoto, sample_jpeg

# All processes of the container but its first one, which then ends by itself.
_KILL_ALL = "import os, signal; os.kill(-1, signal.SIGKILL)"
_TRIES = 5


def test_every_photo_succeeds_although_the_worker_dies_at_work(
    system: Any, results: Any, wait_until: Any
) -> None:
    content = sample_jpeg()
    photos = [
        SamplePhoto(f"{number}.jpg", "image/jpeg", content, Expected.SUCCESS)
        for number in range(60)
    ]
    worker = system.container("worker")
    uploaded: list[str] = []
    with system.api() as api:

        def statuses() -> set[str]:
            # Those of the last upload; the others have their result.
            return {task["status"] for task in api.tasks(uploaded[-len(photos) :])}

        for _ in range(_TRIES):
            before = system.engine.inspect(worker)["RestartCount"]
            uploaded += api.upload(photos)["task_ids"]
            wait_until(lambda: "SUCCESS" in statuses(), "the worker is at it")
            system.python("worker", _KILL_ALL)
            interrupted = "PENDING" in statuses()
            wait_until(
                lambda before=before: system.engine.inspect(worker)["RestartCount"] > before,
                "it is started again",
            )
            if interrupted:
                break
        assert interrupted, "it had processed everything before it died"
        tasks = results(api, uploaded)
    assert {task["status"] for task in tasks} == {"SUCCESS"}
    wait_until(
        lambda: system.engine.inspect(worker)["State"]["Health"]["Status"] == "healthy",
        "it is healthy again",
    )
