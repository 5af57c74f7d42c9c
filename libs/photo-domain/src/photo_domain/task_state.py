"""The states of a task as its uploader sees them."""

from enum import StrEnum


class TaskStatus(StrEnum):
    """PENDING until the task ends, then one of the two ends."""

    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


class TaskStage(StrEnum):
    """What is happening to a task right now."""

    QUEUED = "queued"
    PROCESSING = "processing"
    WAITING_TO_RETRY = "waiting_to_retry"
    DONE = "done"


def stage_of(status: TaskStatus, *, leased: bool, postponed: bool) -> TaskStage:
    """The stage of a task: `leased` while a worker holds it, `postponed` while it waits to retry.

    It depends on the row alone, not on the clock, so one revision has one stage.
    """
    if status is not TaskStatus.PENDING:
        return TaskStage.DONE
    if leased:
        return TaskStage.PROCESSING
    return TaskStage.WAITING_TO_RETRY if postponed else TaskStage.QUEUED
