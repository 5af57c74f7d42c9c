"""The contract between who publishes tasks and who works on them."""

import pytest

from photo_records.task_queue import TASK_NAME, Lane, lane_of, task_arguments


@pytest.mark.parametrize(
    ("file_count", "lane"),
    [(1, Lane.INTERACTIVE), (19, Lane.INTERACTIVE), (20, Lane.BULK), (100, Lane.BULK)],
)
def test_a_large_batch_waits_in_the_bulk_lane(file_count: int, lane: Lane) -> None:
    assert lane_of(file_count, bulk_batch_files=20) is lane


def test_the_task_is_called_as_it_was_asked_for() -> None:
    assert TASK_NAME == "image_handler"
    assert task_arguments("an id") == ("an id",)
