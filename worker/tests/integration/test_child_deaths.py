"""Processes of a real worker that die, hang or are killed in the middle of a photo."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from celery.result import AsyncResult
from PIL import Image
from sqlalchemy import func, update

from photo_domain.failure import FailureCode
from photo_records.tables import PhotoRecord

Wait = Callable[[Callable[[], Any], str], Any]

PROGRAM = str(Path(__file__).with_name("hostile_worker.py"))


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """Photos that wait do so until this file exists."""
    return tmp_path / "gate"


@pytest.fixture
def process_of(library: Any, wait: Wait) -> Callable[[Any], psutil.Process]:
    """Finds the process that works on a task."""

    def find(task_id: Any) -> psutil.Process:
        holder = wait(lambda: library.photo(task_id).claimed_by, "a claim")
        return psutil.Process(int(holder.rpartition(":")[2]))

    return find


def test_a_photo_whose_process_was_killed_is_taken_up_again_and_succeeds(
    run_worker: Any, library: Any, jpeg: bytes, gate: Path, process_of: Any
) -> None:
    with run_worker(library, PROGRAM, str(gate)) as worker:
        task_id = library.add(jpeg + b"waits")
        worker.publish(task_id)
        process_of(task_id).kill()
        gate.touch()
        # Long before its lease would run out.
        photo = library.wait_for_end(task_id)
        assert (photo.status, photo.attempts, photo.crashes) == ("SUCCESS", 2, 1)
        assert len(library.renditions(task_id)) == 2
        assert worker.metric("photo_worker_tasks_total", result="given_back") == 1


@pytest.mark.parametrize("manner", [b"kills", b"aborts", b"exits", b"grows", b"hoards"])
def test_a_photo_that_ends_its_process_three_times_ends_as_crashed_and_no_other_suffers(
    run_worker: Any, library: Any, jpeg: bytes, gate: Path, wait: Wait, manner: bytes
) -> None:
    with run_worker(library, PROGRAM, str(gate)) as worker:
        hostile = library.add(jpeg + manner)
        others = [library.add(jpeg) for _ in range(50)]
        for task_id in (*others[:4], hostile, *others[4:]):
            worker.publish(task_id)
        photo = library.wait_for_end(hostile)
        assert (photo.status, photo.error_code) == ("FAILURE", "crashed")
        assert photo.error_message == FailureCode.CRASHED.message
        assert (photo.attempts, photo.crashes) == (3, 3)
        assert library.pending(hostile) == 0
        ended = [library.wait_for_end(task_id) for task_id in others]
        assert {(other.status, other.crashes) for other in ended} == {("SUCCESS", 0)}
        wait(lambda: AsyncResult(str(hostile), app=worker.app).failed(), "Celery knows it too")
        assert worker.metric("photo_worker_tasks_total", code="crashed") == 1


def test_a_process_whose_end_nobody_hears_of_is_found_dead_before_its_time_is_up(
    run_worker: Any, library: Any, jpeg: bytes, gate: Path
) -> None:
    with run_worker(library, PROGRAM, str(gate), TASK_TIME_LIMIT_SECONDS="3") as worker:
        task_id = library.add(jpeg + b"is outlived")
        worker.publish(task_id)
        try:
            photo = library.wait_for_end(task_id)
        finally:
            gate.touch()
        assert (photo.status, photo.error_code, photo.crashes) == ("FAILURE", "crashed", 3)


def test_a_photo_that_takes_too_long_ends_as_timeout_and_the_next_one_succeeds(
    run_worker: Any, library: Any, jpeg: bytes, gate: Path, process_of: Any, wait: Wait
) -> None:
    # Long enough for a small photo on a busy machine.
    settings = {"TASK_TIME_LIMIT_SECONDS": "5", "WORKER_CONCURRENCY": "1"}
    with run_worker(library, PROGRAM, str(gate), **settings) as worker:
        hanging, healthy = library.add(jpeg + b"waits"), library.add(_green_jpeg(64))
        worker.publish(hanging)
        process = process_of(hanging)
        worker.publish(healthy)
        photo = library.wait_for_end(hanging)
        assert (photo.status, photo.error_code) == ("FAILURE", "timeout")
        assert (photo.attempts, photo.crashes, photo.claimed_by) == (1, 0, None)
        assert library.pending(hanging) == 0
        photo = library.wait_for_end(healthy)
        assert (photo.status, photo.error_code) == ("SUCCESS", None)
        wait(lambda: not process.is_running(), "the process is gone")
        assert worker.metric("photo_worker_tasks_total", code="timeout") == 1


def test_a_process_that_is_held_still_for_too_long_costs_its_photo_nothing(
    run_worker: Any, library: Any, jpeg: bytes, gate: Path, process_of: Any, wait: Wait
) -> None:
    settings = {"TASK_TIME_LIMIT_SECONDS": "5", "WORKER_CONCURRENCY": "1"}
    with run_worker(library, PROGRAM, str(gate), **settings) as worker:
        task_id = library.add(jpeg + b"waits")
        worker.publish(task_id)
        process = process_of(task_id)
        process.suspend()
        gate.touch()
        photo = library.wait_for_end(task_id)
        assert (photo.status, photo.attempts, photo.crashes) == ("SUCCESS", 2, 0)
        assert library.pending(task_id) == 0
        wait(lambda: not process.is_running(), "the process is replaced")
        assert worker.metric("photo_worker_tasks_total", result="given_back") == 1
        assert worker.metric("photo_worker_tasks_total", code="timeout") == 0
        assert AsyncResult(str(task_id), app=worker.app).get(timeout=60)["photo_id"] == photo.id


def test_a_whole_worker_that_is_held_still_for_too_long_costs_its_photo_nothing(
    run_worker: Any, library: Any, jpeg: bytes, gate: Path, process_of: Any, wait: Wait
) -> None:
    limit = 5
    settings = {"TASK_TIME_LIMIT_SECONDS": str(limit), "WORKER_CONCURRENCY": "1"}
    with run_worker(library, PROGRAM, str(gate), **settings) as worker:
        task_id = library.add(jpeg + b"waits")
        worker.publish(task_id)
        # As a paused container: all at once, and awake again before the lease runs out.
        everyone = [process_of(task_id), psutil.Process(worker.process.pid)]
        for process in everyone:
            process.suspend()
        wait(lambda: library.seconds_since_claim(task_id) > limit + 8, "the limit is long past")
        for process in everyone:
            process.resume()
        wait(
            lambda: worker.metric("photo_worker_tasks_total", result="given_back"),
            "the worker notices that it was asleep",
        )
        gate.touch()
        photo = library.wait_for_end(task_id)
        assert (photo.status, photo.attempts, photo.crashes) == ("SUCCESS", 2, 0)


def test_a_photo_that_was_not_even_claimed_within_the_time_limit_is_delivered_again(
    run_worker: Any, library: Any, jpeg: bytes, gate: Path, wait: Wait
) -> None:
    settings = {"TASK_TIME_LIMIT_SECONDS": "3", "WORKER_CONCURRENCY": "1"}
    with run_worker(library, PROGRAM, str(gate), **settings) as worker:
        (process,) = worker.children()
        barrier = gate.with_name("nobody claims")
        barrier.touch()
        task_id = library.add(jpeg)
        worker.publish(task_id)
        wait(lambda: not process.is_running(), "the process that could not claim is replaced")
        barrier.unlink()
        photo = library.wait_for_end(task_id)
        assert (photo.status, photo.attempts, photo.crashes) == ("SUCCESS", 1, 0)


def test_a_worker_that_is_killed_counts_no_crash_and_leaves_its_photo_to_the_lease(
    run_worker: Any, library: Any, jpeg: bytes, gate: Path, process_of: Any, wait: Wait
) -> None:
    task_id = library.add(jpeg + b"waits")
    with run_worker(library, PROGRAM, str(gate)) as worker:
        worker.publish(task_id)
        process = process_of(task_id)
        worker.process.kill()
        worker.process.wait()
        wait(lambda: not process.is_running(), "the process is gone with it")
    photo = library.photo(task_id)
    assert (photo.status, photo.attempts, photo.crashes) == ("PENDING", 1, 0)
    assert photo.lease_expires_at is not None


def test_a_death_is_not_held_against_a_claim_of_another_worker(
    run_worker: Any, library: Any, jpeg: bytes, gate: Path, process_of: Any, wait: Wait
) -> None:
    with run_worker(library, PROGRAM, str(gate)) as worker:
        task_id = library.add(jpeg + b"waits")
        worker.publish(task_id)
        process = process_of(task_id)
        with library.engine.begin() as connection:
            connection.execute(
                update(PhotoRecord)
                .where(PhotoRecord.task_id == task_id)
                .values(
                    claimed_by=f"elsewhere:{process.pid}",
                    lease_expires_at=func.now() + func.make_interval(0, 0, 0, 1),
                    revision=PhotoRecord.revision + 1,
                )
            )
        held = library.photo(task_id)
        process.kill()
        # Its message comes back and is refused: the other worker has the task.
        wait(
            lambda: worker.metric("photo_worker_tasks_total", result="not_claimed"),
            "the second delivery",
        )
        assert library.photo(task_id) == held


def test_without_a_database_a_death_is_left_to_the_lease_and_the_worker_works_on(
    run_worker: Any, library: Any, jpeg: bytes, gate: Path, process_of: Any, wait: Wait
) -> None:
    with run_worker(library, PROGRAM, str(gate), WORKER_CONCURRENCY="1") as worker:
        task_id = library.add(jpeg + b"waits")
        worker.publish(task_id)
        process = process_of(task_id)
        with library.away():
            process.kill()
            wait(lambda: "task_left_to_its_lease" in worker.log.read_text(), "the parent gives up")
        photo = library.photo(task_id)
        assert (photo.status, photo.crashes) == ("PENDING", 0)
        assert photo.lease_expires_at is not None
        healthy = library.add(jpeg)
        worker.publish(healthy)
        assert library.wait_for_end(healthy).status == "SUCCESS"


def test_a_process_that_held_too_much_memory_is_replaced_and_nothing_is_lost(
    run_worker: Any, library: Any, jpeg: bytes, wait: Wait
) -> None:
    # A progressive photo of 64 megapixels takes more than half of this.
    settings = {"WORKER_PROCESS_MEMORY_BYTES": str(256 * 1024**2), "WORKER_CONCURRENCY": "1"}
    with run_worker(library, **settings) as worker:
        (first,) = worker.children()
        large = _green_jpeg(8000, progressive=True)
        task_ids = [library.add(large) for _ in range(3)]
        for task_id in task_ids:
            worker.publish(task_id)
        photos = [library.wait_for_end(task_id) for task_id in task_ids]
        assert {(photo.status, photo.crashes) for photo in photos} == {("SUCCESS", 0)}
        wait(lambda: not first.is_running(), "the process is replaced")
        lines = [json.loads(line) for line in worker.log.read_text().splitlines()]
        assert not [line for line in lines if line["level"] == "error"]


def _green_jpeg(side: int, *, progressive: bool = False) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), "green").save(buffer, "JPEG", progressive=progressive)
    return buffer.getvalue()
