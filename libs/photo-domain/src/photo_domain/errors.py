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
