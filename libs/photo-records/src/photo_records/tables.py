"""The tables. The migrations make them; a test holds the two against each other."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from photo_domain.failure import FailureCode
from photo_domain.file_format import FORMAT_BY_CONTENT_TYPE, FileFormat
from photo_domain.task_state import TaskStatus
from photo_records.task_queue import Lane


class Record(DeclarativeBase):
    """A table of this service."""

    metadata = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - read once by SQLAlchemy
        str: Text,
        int: Integer,
        bytes: LargeBinary,
        float: Double,
        datetime: DateTime(timezone=True),
        UUID: Uuid,
    }


def one_of(column: str, values: type[StrEnum]) -> str:
    """SQL for the rule that the column has one of the values."""
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"


class BatchRecord(Record):
    """One upload."""

    __tablename__ = "batches"
    __table_args__ = (
        UniqueConstraint("owner", "idempotency_key"),
        CheckConstraint("pending >= 0", name="pending"),
        CheckConstraint("octet_length(fingerprint) = 32", name="fingerprint"),
        # The keys that can expire: what the sweeper looks for.
        Index(
            "batches_keyed_idx",
            "created_at",
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        # What operators look for.
        Index(None, "owner", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner: Mapped[str]
    # Unique per owner; NULL once it has expired, so that the owner may use it again.
    idempotency_key: Mapped[str | None]
    # SHA-256 over the ordered files: a key that comes back with other files is refused.
    fingerprint: Mapped[bytes]
    # [{"position", "file_name", "errors": [{"code", "detail"}]}]: a replay is the whole answer.
    rejected: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    # How many photos of the batch have not ended.
    pending: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PhotoRecord(Record):
    """One accepted file and its task."""

    __tablename__ = "photos"
    __table_args__ = (
        CheckConstraint(one_of("status", TaskStatus), name="status"),
        CheckConstraint(one_of("lane", Lane), name="lane"),
        CheckConstraint(one_of("format", FileFormat), name="format"),
        CheckConstraint(one_of("error_code", FailureCode), name="error_code"),
        CheckConstraint(
            f"content_type IN ({', '.join(repr(name) for name in FORMAT_BY_CONTENT_TYPE)})",
            name="content_type",
        ),
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("octet_length(sha256) = 32", name="sha256"),
        CheckConstraint("char_length(file_name) BETWEEN 1 AND 255", name="file_name"),
        CheckConstraint("revision >= 1 AND attempts >= 0 AND crashes >= 0", name="counters"),
        CheckConstraint("(status = 'PENDING') = (finished_at IS NULL)", name="ended_has_time"),
        CheckConstraint("(status = 'FAILURE') = (error_code IS NOT NULL)", name="failure_has_code"),
        CheckConstraint("(error_code IS NULL) = (error_message IS NULL)", name="code_has_message"),
        CheckConstraint(
            "status = 'PENDING' OR (lease_expires_at IS NULL AND next_attempt_at IS NULL)",
            name="ended_waits_for_nothing",
        ),
        CheckConstraint(
            "lease_expires_at IS NULL OR started_at IS NOT NULL", name="lease_has_start"
        ),
        CheckConstraint(
            "lease_expires_at IS NULL OR next_attempt_at IS NULL", name="leased_or_postponed"
        ),
        CheckConstraint(
            "num_nonnulls(format, width, height, random_number, processing_time)"
            " = CASE status WHEN 'SUCCESS' THEN 5 ELSE 0 END",
            name="success_has_result",
        ),
        # Fewer than all: a file need not tell, and photos that ended before there were such have
        # none.
        CheckConstraint(
            "status = 'SUCCESS' OR num_nonnulls(pages, orientation, taken_at, camera,"
            " dominant_color, thumbhash, phash, step_seconds) = 0",
            name="only_success_has_facts",
        ),
        CheckConstraint("pages > 0", name="pages"),
        CheckConstraint("orientation BETWEEN 1 AND 8", name="orientation"),
        # From seconds to microseconds with an offset.
        CheckConstraint("char_length(taken_at) BETWEEN 19 AND 32", name="taken_at"),
        CheckConstraint("jsonb_typeof(camera) = 'object'", name="camera"),
        CheckConstraint("dominant_color ~ '^#[0-9a-f]{6}$'", name="dominant_color"),
        CheckConstraint("octet_length(thumbhash) BETWEEN 1 AND 25", name="thumbhash"),
        CheckConstraint("phash ~ '^[0-9a-f]{16}$'", name="phash"),
        CheckConstraint("jsonb_typeof(step_seconds) = 'object'", name="step_seconds"),
        # With the size, for the quota.
        Index(None, "owner", "id", postgresql_include=["size"]),
        Index(None, "owner", "status", "id"),
        # What watchers missed.
        Index(None, "owner", "changed_at"),
        Index(None, "batch_id"),
        # The outbox: what the relay looks for.
        Index(
            "photos_unqueued_lane_idx",
            "lane",
            "created_at",
            postgresql_where=text("status = 'PENDING' AND enqueued_at IS NULL"),
        ),
        Index(
            "photos_queued_idx",
            "lane",
            "enqueued_at",
            postgresql_where=text("status = 'PENDING' AND enqueued_at IS NOT NULL"),
        ),
        Index(
            "photos_postponed_idx",
            "next_attempt_at",
            postgresql_where=text("status = 'PENDING' AND next_attempt_at IS NOT NULL"),
        ),
        Index(
            "photos_leased_idx",
            "lease_expires_at",
            postgresql_where=text("status = 'PENDING' AND lease_expires_at IS NOT NULL"),
        ),
        # What operators look for. Those by content are written once, when a task ends: what is
        # PENDING is few and looked through.
        Index("photos_pending_idx", "id", postgresql_where=text("status = 'PENDING'")),
        Index("photos_failed_idx", "id", postgresql_where=text("status = 'FAILURE'")),
        Index(
            "photos_failed_code_idx",
            "error_code",
            "id",
            postgresql_where=text("status = 'FAILURE'"),
        ),
        Index("photos_ended_lane_idx", "lane", "id", postgresql_where=text("status <> 'PENDING'")),
        Index(
            "photos_ended_type_idx",
            "content_type",
            "id",
            postgresql_where=text("status <> 'PENDING'"),
        ),
        Index(
            "photos_ended_sha256_idx",
            "sha256",
            "id",
            postgresql_where=text("status <> 'PENDING'"),
        ),
        Index(
            "photos_ended_name_idx",
            text('lower(file_name) COLLATE "C"'),
            "id",
            postgresql_where=text("status <> 'PENDING'"),
        ),
        # With the codes, for the throughput: no code is a success.
        Index(
            "photos_finished_idx",
            "finished_at",
            postgresql_include=["error_code"],
            postgresql_where=text("finished_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    task_id: Mapped[UUID] = mapped_column(unique=True)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("batches.id"))
    owner: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    file_name: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes]
    object_key: Mapped[str]
    # The place in the upload, from 0, counted over stored and refused files alike.
    position: Mapped[int] = mapped_column(SmallInteger)

    status: Mapped[str] = mapped_column(server_default=TaskStatus.PENDING)
    lane: Mapped[str]
    # Bumped by every transition, never reset: it fences the finisher.
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    # When the transition that bumped it began: one that began earlier may be committed later.
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    crashes: Mapped[int] = mapped_column(server_default=text("0"))
    enqueued_at: Mapped[datetime | None]
    next_attempt_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    lease_expires_at: Mapped[datetime | None]
    # The process that the lease was given to; it means nothing without a lease.
    claimed_by: Mapped[str | None]
    # Attempts that trouble outside the file ended, and since when: they are not held against it.
    postponements: Mapped[int] = mapped_column(server_default=text("0"))
    postponed_since: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    # The process whose run ended in SUCCESS; those of other runs are in `failed_attempts`.
    finished_by: Mapped[str | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    # What names the span of its upload (W3C Trace Context), where that was traced.
    traceparent: Mapped[str | None]

    format: Mapped[str | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    random_number: Mapped[int | None]
    # In seconds.
    processing_time: Mapped[float | None]

    # Of a document.
    pages: Mapped[int | None]
    # How the original is stored, 1 to 8; the dimensions and renditions are upright.
    orientation: Mapped[int | None] = mapped_column(SmallInteger)
    # ISO 8601, with an offset only where the file has one. No timestamptz: without an offset no
    # moment is known; and no timestamp: it would lose the offset.
    taken_at: Mapped[str | None]
    # The fields of `photo_domain.photo_facts.Camera`.
    camera: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    # #rrggbb.
    dominant_color: Mapped[str | None]
    thumbhash: Mapped[bytes | None]
    # 64 bits as hexadecimal digits, for `('x' || phash)::bit(64)`.
    phash: Mapped[str | None]
    # How long each step of processing took, by its name.
    step_seconds: Mapped[dict[str, float] | None] = mapped_column(JSONB(none_as_null=True))


class RenditionRecord(Record):
    """A smaller copy of a photo."""

    __tablename__ = "renditions"
    __table_args__ = (CheckConstraint("width > 0 AND height > 0 AND size > 0", name="dimensions"),)

    photo_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("photos.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    width: Mapped[int]
    height: Mapped[int]
    content_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    object_key: Mapped[str]


class PausedLaneRecord(Record):
    """A lane of which nothing is published for now."""

    __tablename__ = "paused_lanes"
    __table_args__ = (CheckConstraint(one_of("lane", Lane), name="lane"),)

    lane: Mapped[str] = mapped_column(primary_key=True)
    paused_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # The operator's name.
    paused_by: Mapped[str]
