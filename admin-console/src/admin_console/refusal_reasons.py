"""Why actions are not done, for operators."""

from photo_domain.errors import ErrorCode

# What operators may read; anything else in an address is shown to nobody.
_REASONS = {
    ErrorCode.UNKNOWN_TASK: "the photo is gone",
    ErrorCode.TASK_NOT_FAILED: "only a failed task can be retried",
    ErrorCode.TASK_ENDED: "the task has ended already",
    ErrorCode.DATABASE_UNAVAILABLE: "the database of the service does not answer; try again soon",
    ErrorCode.OUTCOME_UNKNOWN: (
        "the ingest service does not answer; look whether it was done before you try again"
    ),
}
_OTHER_REASON = "the ingest service refused"


def reason_of(code: str) -> str:
    """Why an action was refused, for people."""
    return _REASONS.get(ErrorCode(code), _OTHER_REASON) if code in set(ErrorCode) else _OTHER_REASON
