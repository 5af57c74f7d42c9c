"""The contract between who publishes tasks and who works on them."""

from enum import StrEnum

TASK_NAME = "image_handler"


class Lane(StrEnum):
    """A queue of its own, so that small uploads do not wait behind large ones."""

    INTERACTIVE = "interactive"
    BULK = "bulk"


def lane_of(file_count: int, bulk_batch_files: int) -> Lane:
    """The lane of a batch: bulk from `bulk_batch_files` files on."""
    return Lane.BULK if file_count >= bulk_batch_files else Lane.INTERACTIVE


def task_arguments(task_id: str) -> tuple[str]:
    """The positional arguments of `image_handler`; Celery's own task id is the same id."""
    return (task_id,)
