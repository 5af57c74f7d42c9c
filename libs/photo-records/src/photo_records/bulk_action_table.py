"""The table of what operators do to all photos that a filter names."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Identity,
    Index,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from photo_records.tables import Record


class PhotoAction(StrEnum):
    """What operators do to photos."""

    RETRY = "retry"
    CANCEL = "cancel"
    DELETE = "delete"


class BulkActionState(StrEnum):
    """Running until every photo was come to, or until somebody stops it."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


class BulkActionRecord(Record):
    """An action on every photo of a filter, worked off in the background photo by photo."""

    __tablename__ = "bulk_actions"
    __table_args__ = (
        CheckConstraint("action IN ('retry', 'cancel', 'delete')", name="action"),
        CheckConstraint("state IN ('running', 'done', 'stopped')", name="state"),
        CheckConstraint("jsonb_typeof(filter) = 'object'", name="filter"),
        CheckConstraint(
            "matched >= 0 AND done >= 0 AND refused >= 0 AND claim >= 0", name="counts"
        ),
        CheckConstraint("(state = 'running') = (finished_at IS NULL)", name="ended_has_time"),
        CheckConstraint("state = 'running' OR lease_expires_at IS NULL", name="ended_has_no_lease"),
        UniqueConstraint("question_id"),
        # What runners look for.
        Index("bulk_actions_running_idx", "id", postgresql_where=text("state = 'running'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    # Who asked for it, from where and with which request: for the audit lines of its photos.
    operator: Mapped[str]
    address: Mapped[str]
    request_id: Mapped[str]
    # The random id of the question that it answers: a form that is sent twice asks once.
    question_id: Mapped[UUID | None]
    action: Mapped[str]
    # The fields of the page's filter as they were sent.
    filter: Mapped[dict[str, Any]] = mapped_column(JSONB)
    # How many photos it named when it was asked for; NULL for more than were counted.
    matched: Mapped[int | None]
    state: Mapped[str] = mapped_column(server_default=BulkActionState.RUNNING)
    done: Mapped[int] = mapped_column(server_default=text("0"))
    refused: Mapped[int] = mapped_column(server_default=text("0"))
    # The place in the list of its photos from which it goes on; NULL for the first.
    cursor: Mapped[str | None]
    # The error code of what holds it up for now.
    trouble: Mapped[str | None]
    # Bumped whenever a runner takes it: it fences the one before.
    claim: Mapped[int] = mapped_column(server_default=text("0"))
    # In the past where it was left to its next turn, NULL before the first.
    lease_expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
