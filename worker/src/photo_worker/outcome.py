"""What became of one delivery of a task."""

from dataclasses import dataclass
from enum import StrEnum

from photo_domain.failure import FailureCode
from photo_records.photo_result import PhotoResult
from photo_records.task_queue import Lane


class OutcomeKind(StrEnum):
    """How one delivery ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    # It waits for another attempt.
    POSTPONED = "postponed"
    # Its process died or was held still; another run may begin at once.
    GIVEN_BACK = "given_back"
    # The task is unknown, has ended, is another run's or is not due.
    NOT_CLAIMED = "not_claimed"
    # Another run took the task while this one worked: its work was thrown away.
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class FirstRun:
    """How long a task took from its upload to its end, and in which lane it waited."""

    lane: Lane
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """One delivery of a task; `result` with SUCCESS only, `failure` with FAILURE only.

    `first_run` comes with both where nobody had retried the task.
    """

    kind: OutcomeKind
    photo_id: int | None = None
    attempt: int | None = None
    result: PhotoResult | None = None
    failure: FailureCode | None = None
    first_run: FirstRun | None = None
