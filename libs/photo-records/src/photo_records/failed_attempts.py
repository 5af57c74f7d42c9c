"""What is kept of an attempt that ended otherwise than in SUCCESS.

Written in the statement of the transition that ends it, so that neither is without the other; the
others cost nothing.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    func,
    literal,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from photo_records.tables import Record, one_of

# Of one photo; a trigger deletes the oldest of more.
MOST_KEPT = 100


class AttemptOutcome(StrEnum):
    """How an attempt ended, if not in SUCCESS."""

    # The photo could not be processed.
    FAILED = "failed"
    # Trouble outside the file; another attempt follows.
    POSTPONED = "postponed"
    # It took longer than allowed.
    TIMEOUT = "timeout"
    # Its process died by itself.
    CRASHED = "crashed"
    # Its lease ran out, or its process stood still: nobody is to blame.
    VANISHED = "vanished"
    # Somebody cancelled the task meanwhile.
    CANCELLED = "cancelled"


class FailedAttemptRecord(Record):
    """An attempt that ended otherwise than in SUCCESS."""

    __tablename__ = "failed_attempts"
    __table_args__ = (CheckConstraint(one_of("outcome", AttemptOutcome), name="outcome"),)

    photo_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("photos.id", ondelete="CASCADE"), primary_key=True
    )
    # That of its claim.
    revision: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    # Counted from 1 in each run of the task.
    attempt: Mapped[int]
    started_at: Mapped[datetime]
    # When it was noticed, where nobody was left to tell.
    ended_at: Mapped[datetime]
    claimed_by: Mapped[str | None]
    outcome: Mapped[str]
    # Where the task ended with it in FAILURE.
    error_code: Mapped[str | None]


_COLUMNS = (
    "photo_id",
    "revision",
    "attempt",
    "started_at",
    "ended_at",
    "claimed_by",
    "outcome",
    "error_code",
)


def note_attempt(ended: CTE, claimed_by: str, outcome: AttemptOutcome) -> CTE:
    """Keep the attempt of that process, whose transition returned the row `ended` of the photo."""
    # The transition bumped the revision of the claim.
    return _insert(ended, ended.c.revision - 1, literal(claimed_by), outcome, ended.c.error_code)


def note_vanished(seen: CTE) -> CTE:
    """Keep the attempt that has the lease in the locked row `seen` of a photo, if one has it."""
    return _insert(
        seen,
        seen.c.revision,
        seen.c.claimed_by,
        AttemptOutcome.VANISHED,
        null(),
        seen.c.lease_expires_at.is_not(None),
    )


def noted_of(seen: str, outcome: AttemptOutcome, error_code: str = "NULL") -> str:
    """SQL of the same: keeps the attempts that have a lease in the relation `seen` of photos."""
    return f"""
    INSERT INTO failed_attempts ({", ".join(_COLUMNS)})
    SELECT id, revision, attempts, started_at, now(), claimed_by, '{outcome}', {error_code}
    FROM {seen}
    WHERE lease_expires_at IS NOT NULL
    ON CONFLICT DO NOTHING
    """  # noqa: S608 - made of constants


def _insert(
    photo: CTE,
    revision: ColumnElement[int],
    claimed_by: ColumnElement[str],
    outcome: AttemptOutcome,
    error_code: ColumnElement[Any],
    *conditions: ColumnElement[bool],
) -> CTE:
    attempt = select(
        photo.c.id,
        revision,
        photo.c.attempts,
        photo.c.started_at,
        func.now(),
        claimed_by,
        literal(str(outcome)),
        error_code,
    ).where(*conditions)
    # Whatever was kept before, a transition never fails for it.
    return (
        insert(FailedAttemptRecord)
        .from_select(_COLUMNS, attempt)
        .on_conflict_do_nothing()
        .returning(FailedAttemptRecord.photo_id)
        .cte("noted")
    )
