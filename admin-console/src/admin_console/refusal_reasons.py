"""Why actions are not done, for operators."""

from collections.abc import Mapping

from photo_domain.errors import ErrorCode

# What operators may read; anything else in an address is shown to nobody.
_REASONS: Mapping[str, str] = {
    ErrorCode.UNKNOWN_TASK: "the photo is gone",
    ErrorCode.TASK_NOT_FAILED: "only a failed task can be retried",
    ErrorCode.TASK_ENDED: "the task has ended already",
    ErrorCode.DATABASE_UNAVAILABLE: "the database of the service does not answer; try again soon",
    ErrorCode.OUTCOME_UNKNOWN: (
        "the ingest service does not answer; look whether it was done before you try again"
    ),
    "not_tried": "the ingest service did not answer about another photo; try again soon",
}
_OTHER_REASON = "the ingest service refused"


def reason_of(code: str) -> str:
    """Why an action was refused, for people."""
    return _REASONS.get(code, _OTHER_REASON)
