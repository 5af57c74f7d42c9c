"""The real worker process on a real Redis, Postgres and folder."""

import json
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from celery.result import AsyncResult

from photo_domain.task_id import new_task_id
from photo_records.task_queue import Lane

Wait = Callable[[Callable[[], Any], str], Any]


def test_a_photo_ends_in_success_with_two_readable_renditions(
    worker: Any, library: Any, jpeg: bytes
) -> None:
    task_id = library.add(jpeg)
    worker.publish(task_id)
    photo = library.wait_for_end(task_id)

    assert photo.status == "SUCCESS"
    assert (photo.format, photo.width, photo.height) == ("jpeg", 1600, 1000)
    assert photo.random_number >= 0
    assert photo.processing_time > 0
    assert (photo.attempts, photo.lease_expires_at) == (1, None)
    assert library.pending(task_id) == 0
    preview, thumbnail = library.renditions(task_id)
    assert (preview.name, preview.width, preview.height) == ("preview", 1280, 800)
    assert (thumbnail.name, thumbnail.width, thumbnail.height) == ("thumbnail", 320, 200)
    for rendition in (preview, thumbnail):
        image = library.open(rendition.object_key)
        assert image.format == "WEBP"
        assert image.size == (rendition.width, rendition.height)
        assert (library.folder / rendition.object_key).stat().st_size == rendition.size


def test_celery_itself_knows_the_result(worker: Any, library: Any, jpeg: bytes) -> None:
    task_id = library.add(jpeg)
    worker.publish(task_id, Lane.BULK)
    result: Any = AsyncResult(str(task_id), app=worker.app).get(timeout=60)
    photo = library.photo(task_id)
    assert result == {
        "photo_id": photo.id,
        "random_number": photo.random_number,
        "processing_time": photo.processing_time,
    }


def test_a_missing_original_ends_in_failure(worker: Any, library: Any, jpeg: bytes) -> None:
    task_id = library.add(jpeg, stored=None)
    worker.publish(task_id)
    photo = library.wait_for_end(task_id)
    assert (photo.status, photo.error_code) == ("FAILURE", "original_missing")
    assert library.pending(task_id) == 0
    assert AsyncResult(str(task_id), app=worker.app).get(timeout=60) == {
        "photo_id": photo.id,
        "error": "original_missing",
    }


def test_an_original_that_was_exchanged_ends_in_failure(
    worker: Any, library: Any, jpeg: bytes
) -> None:
    same_size, longer, shorter = (
        library.add(jpeg, stored=stored) for stored in (jpeg[:-1] + b"\0", jpeg + b"\0", jpeg[:-1])
    )
    for task_id in (same_size, longer, shorter):
        worker.publish(task_id)
        assert library.wait_for_end(task_id).error_code == "original_mismatch"


def test_a_truncated_photo_ends_in_failure_without_renditions(
    worker: Any, library: Any, jpeg: bytes
) -> None:
    task_id = library.add(jpeg[: len(jpeg) // 2])
    worker.publish(task_id)
    assert library.wait_for_end(task_id).error_code == "truncated_image"
    assert not library.renditions(task_id)


def test_a_second_delivery_of_an_ended_task_changes_nothing(
    worker: Any, library: Any, jpeg: bytes, wait: Wait
) -> None:
    task_id = library.add(jpeg)
    worker.publish(task_id)
    ended = library.wait_for_end(task_id)
    files = library.rendition_files()
    result: Any = AsyncResult(str(task_id), app=worker.app).get(timeout=60)
    refused = worker.metric("photo_worker_tasks_total", result="not_claimed")

    worker.publish(task_id)
    wait(
        lambda: worker.metric("photo_worker_tasks_total", result="not_claimed") > refused,
        "the second delivery",
    )
    assert library.photo(task_id) == ended
    assert library.rendition_files() == files
    assert AsyncResult(str(task_id), app=worker.app).get(timeout=60) == result


def test_deliveries_that_name_no_task_do_no_harm(worker: Any, library: Any, jpeg: bytes) -> None:
    worker.app.send_task("image_handler", ("not-an-id",), queue=str(Lane.INTERACTIVE))
    worker.publish(new_task_id())
    task_id = library.add(jpeg)
    worker.publish(task_id)
    assert library.wait_for_end(task_id).status == "SUCCESS"


def test_celery_can_ask_a_worker_of_its_own_name_how_many_processes_it_has(worker: Any) -> None:
    answers = worker.app.control.inspect(timeout=5, limit=1).stats()
    [(name, told)] = answers.items()
    assert name == f"photo-worker-{worker.metrics_port}@{socket.gethostname()}"
    assert told["pool"]["max-concurrency"] == len(told["pool"]["processes"]) > 0


def test_the_metrics_of_the_children_are_on_one_port(
    worker: Any, library: Any, jpeg: bytes, wait: Wait
) -> None:
    def counted(name: str, **labels: str) -> float:
        return float(worker.metric(name, **labels))

    succeeded = counted("photo_worker_tasks_total", result="success")
    failed = counted("photo_worker_tasks_total", result="failure", code="original_missing")
    attempts = counted("photo_worker_attempts_total")
    timed = counted("photo_worker_processing_seconds_count", format="jpeg")
    done = counted("photo_task_seconds_count", lane="interactive", result="success")
    good = [library.add(jpeg) for _ in range(6)]
    bad = library.add(jpeg, stored=None)
    for task_id in (*good, bad):
        worker.publish(task_id)
    for task_id in (*good, bad):
        library.wait_for_end(task_id)

    wait(lambda: counted("photo_worker_attempts_total") == attempts + 7, "all are counted")
    assert counted("photo_worker_tasks_total", result="success") == succeeded + 6
    assert counted("photo_worker_tasks_total", result="failure", code="original_missing") == (
        failed + 1
    )
    assert counted("photo_worker_processing_seconds_count", format="jpeg") == timed + 6
    assert counted("photo_task_seconds_count", lane="interactive", result="success") == done + 6
    assert counted("photo_worker_processes") == 2
    assert counted("photo_service_info", service="worker") == 1


def test_log_lines_carry_the_ids_of_the_message(
    worker: Any, library: Any, jpeg: bytes, wait: Wait
) -> None:
    task_id = library.add(jpeg)
    worker.publish(task_id, request_id="request-1", batch_id="batch-1")
    library.wait_for_end(task_id)

    def lines_of_task() -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in worker.log.read_text().splitlines() if "{" in line]
        return [line for line in lines if line.get("task_id") == str(task_id)]

    (line,) = wait(lines_of_task, "a line about the task")
    assert line["event"] == "task_succeeded"
    assert line["service"] == "worker"
    assert (line["request_id"], line["batch_id"]) == ("request-1", "batch-1")


def test_the_database_password_is_in_no_log_line(worker: Any, library: Any, jpeg: bytes) -> None:
    task_id = library.add(jpeg)
    worker.publish(task_id)
    library.wait_for_end(task_id)
    password = library.database_url.split(":")[2].split("@")[0]
    redis_password = worker.app.conf.broker_url.split(":")[2].split("@")[0]
    log = worker.log.read_text()
    assert password not in log
    assert redis_password not in log


def test_storage_trouble_postpones_the_task(
    worker: Any, library: Any, jpeg: bytes, wait: Wait, tmp_path: Path
) -> None:
    task_id = library.add(jpeg)
    original = library.folder / library.photo(task_id).object_key
    # The folder of the originals is a file for a while: no answer, which is not "missing".
    originals = library.folder / "originals"
    aside = tmp_path / "originals"
    originals.rename(aside)
    originals.write_text("in the way")
    try:
        worker.publish(task_id)
        photo = wait(
            lambda: row if (row := library.photo(task_id)).next_attempt_at else None,
            "the task is postponed",
        )
    finally:
        originals.unlink()
        aside.rename(originals)
    assert original.is_file()
    assert (photo.status, photo.attempts, photo.lease_expires_at) == ("PENDING", 1, None)


def test_a_killed_child_is_replaced_and_the_others_work_on(
    run_worker: Any, library: Any, jpeg: bytes, wait: Wait
) -> None:
    with run_worker(library) as worker:
        victim = worker.children()[0]
        victim.kill()
        wait(
            lambda: len(worker.children()) == 2 and victim not in worker.children(),
            "a new child",
        )
        lines = [json.loads(line) for line in worker.log.read_text().splitlines()]
        assert any("SIGKILL" in line["event"] for line in lines)
        task_ids = [library.add(jpeg) for _ in range(4)]
        for task_id in task_ids:
            worker.publish(task_id)
        assert {library.wait_for_end(task_id).status for task_id in task_ids} == {"SUCCESS"}


def test_no_child_outlives_a_killed_parent(run_worker: Any, library: Any, wait: Wait) -> None:
    with run_worker(library) as worker:
        children = worker.children()
        assert len(children) == 2
        worker.process.kill()
        worker.process.wait()
        wait(lambda: not any(_runs(child) for child in children), "the children are gone")


def test_sigterm_lets_the_running_photos_finish(
    run_worker: Any, library: Any, jpeg: bytes, wait: Wait
) -> None:
    with run_worker(library) as worker:
        task_ids = [library.add(jpeg) for _ in range(2)]
        for task_id in task_ids:
            worker.publish(task_id)
        wait(lambda: any(library.photo(task_id).attempts for task_id in task_ids), "a claim")
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(60) == 0
        photos = [library.photo(task_id) for task_id in task_ids]
        assert all(photo.status == "SUCCESS" or photo.attempts == 0 for photo in photos)
        assert any(photo.status == "SUCCESS" for photo in photos)


def test_without_a_database_the_message_stays_in_the_queue(
    run_worker: Any, library: Any, jpeg: bytes, wait: Wait
) -> None:
    task_id = library.add(jpeg)
    with run_worker(library) as worker:
        with library.away():
            worker.publish(task_id)
            wait(lambda: "database_unavailable" in worker.log.read_text(), "the worker notices")
            worker.process.send_signal(signal.SIGTERM)
            assert worker.process.wait(60) == 0
        with worker.app.connection_for_read() as connection:
            message = connection.default_channel.basic_get(str(Lane.INTERACTIVE), no_ack=True)
        assert message.headers["id"] == str(task_id)
    assert library.photo(task_id).attempts == 0


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
