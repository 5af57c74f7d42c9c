"""Pauses lanes and resumes them, for operators."""

import asyncpg
import structlog

from ingest_service.database_connection import connected_for_change
from ingest_service.viewer import Viewer
from photo_domain.errors import ErrorCode, FieldViolation, RequestError
from photo_records.paused_lanes import pause_lane, resume_lane
from photo_records.task_queue import Lane

_log = structlog.get_logger(__name__)


class LanePauser:
    """Decides of which lanes tasks are published. Every call may be repeated."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def pause(self, lane: str, viewer: Viewer) -> None:
        """Pause the lane; one that is paused stays so, by whoever paused it.

        Raises RequestError: operator_required, invalid_argument, database_unavailable,
        outcome_unknown.
        """
        operator, asked = _required_operator(viewer), _asked_lane(lane)
        async with connected_for_change(self._pool) as connection:
            changed = await pause_lane(connection, asked, operator)
        _log.info("lane_paused", lane=str(asked), operator=operator, changed=changed)

    async def resume(self, lane: str, viewer: Viewer) -> None:
        """Resume the lane, if it is paused. Raises as `pause` does."""
        operator, asked = _required_operator(viewer), _asked_lane(lane)
        async with connected_for_change(self._pool) as connection:
            changed = await resume_lane(connection, asked)
        _log.info("lane_resumed", lane=str(asked), operator=operator, changed=changed)


def _required_operator(viewer: Viewer) -> str:
    if viewer.operator is None:
        raise RequestError(ErrorCode.OPERATOR_REQUIRED, "Only an operator may do this.")
    return viewer.operator


def _asked_lane(lane: str) -> Lane:
    if lane not in set(Lane):
        violation = FieldViolation("lane", f"must be one of: {', '.join(Lane)}")
        raise RequestError(ErrorCode.INVALID_ARGUMENT, "There is no such lane.", [violation])
    return Lane(lane)
