"""The one error that use cases raise; each transport maps it once."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class ErrorCode(StrEnum):
    """A reason to refuse a request, stable for programs."""

    INVALID_ARGUMENT = "invalid_argument"
    TASK_EXISTS = "task_exists"
    IDEMPOTENCY_MISMATCH = "idempotency_mismatch"
    # The owner's photos would take more bytes than they may.
    QUOTA_EXCEEDED = "quota_exceeded"
    # An upload of which nothing is accepted.
    NO_FILES = "no_files"
    NO_VALID_FILES = "no_valid_files"
    TOO_MANY_FILES = "too_many_files"
    BODY_TOO_LARGE = "body_too_large"
    BODY_TOO_SLOW = "body_too_slow"
    # The replica takes in as many uploads as it may, of all or of this owner.
    OVER_CAPACITY = "over_capacity"
    UNKNOWN_TASK = "unknown_task"
    UNKNOWN_BATCH = "unknown_batch"
    UNKNOWN_OBJECT = "unknown_object"
    TASK_NOT_FAILED = "task_not_failed"
    TASK_ENDED = "task_ended"
    OPERATOR_REQUIRED = "operator_required"
    # The replica holds as many streams as it may.
    TOO_MANY_STREAMS = "too_many_streams"
    # A stream that its server ends, although it has more to tell: resume it with its cursor.
    STREAM_INTERRUPTED = "stream_interrupted"
    DATABASE_UNAVAILABLE = "database_unavailable"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    # The write may or may not have happened: repeat it with the same key, or look, to learn which.
    OUTCOME_UNKNOWN = "outcome_unknown"


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """What is wrong with one field of a request, named by its path."""

    field: str
    description: str


class RequestError(Exception):
    """A request that is refused; `detail` and `violations` are safe to show to its caller."""

    def __init__(
        self,
        code: ErrorCode,
        detail: str,
        violations: Sequence[FieldViolation] = (),
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.violations = tuple(violations)
