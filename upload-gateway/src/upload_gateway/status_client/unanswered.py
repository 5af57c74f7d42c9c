"""The status service did not answer."""

import structlog

from upload_gateway.problems import Problem, unavailable

_log = structlog.get_logger(__name__)


def unanswered(why: str) -> Problem:
    """The problem that the client is told; `why` goes to the log."""
    _log.warning("status_call_failed", code=why)
    return unavailable("service_unavailable", "The status service does not answer; try again soon.")
