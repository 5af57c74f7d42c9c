"""How soon a photo is taken up again whose process or worker was killed in the middle of it."""

import os
import signal
import sys
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import psutil
import psycopg2
import pytest
from PIL import Image
from psycopg2.extras import RealDictCursor, RealDictRow

from local_stack.running_stack import RunningStack, temporary_stack

TIME_LIMIT = 5
# The lease ends 15 s after the time limit.
LEASE = TIME_LIMIT + 15

# Seconds that may pass from the kill to the next claim.
AFTER_A_CHILD = 10
AFTER_A_WORKER = LEASE + 10


@pytest.fixture(scope="module")
def short_leases() -> Iterator[RunningStack]:
    with temporary_stack({"TASK_TIME_LIMIT_SECONDS": str(TIME_LIMIT)}) as stack:
        yield stack


@pytest.fixture(scope="module")
def large_picture() -> bytes:
    """Small as a file, and work for a good part of a second: 98 of the 100 allowed megapixels."""
    buffer = BytesIO()
    Image.linear_gradient("L").resize((9900, 9900)).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


class Photos:
    """The rows of a stack, on one connection: they are looked at often."""

    def __init__(self, stack: RunningStack) -> None:
        self._connection = psycopg2.connect(stack.database_url, cursor_factory=RealDictCursor)
        self._connection.autocommit = True

    def row(self, task_id: str) -> RealDictRow:
        with self._connection.cursor() as cursor:
            query = "SELECT *, clock_timestamp() AS now FROM photos WHERE task_id = %s"
            cursor.execute(query, [task_id])
            row = cursor.fetchone()
            assert row is not None
            return row

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def photos(short_leases: RunningStack) -> Iterator[Photos]:
    photos = Photos(short_leases)
    yield photos
    photos.close()


@pytest.mark.parametrize(
    ("victim", "within"), [("child", AFTER_A_CHILD), ("worker", AFTER_A_WORKER)]
)
def test_a_photo_is_taken_up_again(
    short_leases: RunningStack,
    make_api: Any,
    large_picture: bytes,
    photos: Photos,
    wait_until: Any,
    victim: str,
    within: int,
) -> None:
    api = make_api(short_leases.base_url)
    (task_id,) = api.upload([("large.png", large_picture)]).json()["task_ids"]
    wait_until(lambda: photos.row(task_id)["claimed_by"], "a claim")
    child = psutil.Process(int(photos.row(task_id)["claimed_by"].rpartition(":")[2]))
    worker = short_leases.processes()["worker"]["pid"]
    assert child.ppid() == worker
    os.kill(child.pid if victim == "child" else worker, signal.SIGKILL)
    killed = photos.row(task_id)
    assert (killed["status"], killed["attempts"]) == ("PENDING", 1), "it was killed too late"

    wait_until(lambda: photos.row(task_id)["attempts"] > 1, "a second claim", within)
    seconds = (photos.row(task_id)["started_at"] - killed["now"]).total_seconds()
    sys.stdout.write(f"taken up {seconds:.1f} s after its {victim} was killed")
    assert api.wait([task_id])[0]["status"] == "SUCCESS"
    crashes = 1 if victim == "child" else 0
    assert (photos.row(task_id)["attempts"], photos.row(task_id)["crashes"]) == (2, crashes)
