"""Create batches, photos, renditions"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("rejected", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("pending", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "octet_length(fingerprint) = 32", name=op.f("batches_fingerprint_check")
        ),
        sa.CheckConstraint("pending >= 0", name=op.f("batches_pending_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("batches_pkey")),
        sa.UniqueConstraint(
            "owner", "idempotency_key", name=op.f("batches_owner_idempotency_key_key")
        ),
    )
    op.create_table(
        "photos",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.Text(), server_default="PENDING", nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("crashes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("format", sa.Text(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("random_number", sa.Integer(), nullable=True),
        sa.Column("processing_time", sa.Double(), nullable=True),
        sa.CheckConstraint(
            "(status = 'FAILURE') = (error_code IS NOT NULL)",
            name=op.f("photos_failure_has_code_check"),
        ),
        sa.CheckConstraint(
            "(status = 'PENDING') = (finished_at IS NULL)", name=op.f("photos_ended_has_time_check")
        ),
        sa.CheckConstraint(
            "content_type IN ('image/jpeg', 'image/png', 'image/webp', 'application/pdf')",
            name=op.f("photos_content_type_check"),
        ),
        sa.CheckConstraint(
            "error_code IN ('corrupt_image', 'truncated_image', 'too_many_pixels', 'unsupported_content', 'encrypted_document', 'original_missing', 'original_mismatch', 'storage_unavailable', 'timeout', 'crashed', 'cancelled', 'internal')",
            name=op.f("photos_error_code_check"),
        ),
        sa.CheckConstraint(
            "format IN ('jpeg', 'png', 'webp', 'pdf')", name=op.f("photos_format_check")
        ),
        sa.CheckConstraint("lane IN ('interactive', 'bulk')", name=op.f("photos_lane_check")),
        sa.CheckConstraint(
            "num_nonnulls(format, width, height, random_number, processing_time) = CASE status WHEN 'SUCCESS' THEN 5 ELSE 0 END",
            name=op.f("photos_success_has_result_check"),
        ),
        sa.CheckConstraint(
            "status = 'PENDING' OR (lease_expires_at IS NULL AND next_attempt_at IS NULL)",
            name=op.f("photos_ended_waits_for_nothing_check"),
        ),
        sa.CheckConstraint(
            "status IN ('PENDING', 'SUCCESS', 'FAILURE')", name=op.f("photos_status_check")
        ),
        sa.CheckConstraint(
            "(error_code IS NULL) = (error_message IS NULL)",
            name=op.f("photos_code_has_message_check"),
        ),
        sa.CheckConstraint(
            "char_length(file_name) BETWEEN 1 AND 255", name=op.f("photos_file_name_check")
        ),
        sa.CheckConstraint(
            "lease_expires_at IS NULL OR next_attempt_at IS NULL",
            name=op.f("photos_leased_or_postponed_check"),
        ),
        sa.CheckConstraint(
            "lease_expires_at IS NULL OR started_at IS NOT NULL",
            name=op.f("photos_lease_has_start_check"),
        ),
        sa.CheckConstraint("octet_length(sha256) = 32", name=op.f("photos_sha256_check")),
        sa.CheckConstraint(
            "revision >= 1 AND attempts >= 0 AND crashes >= 0", name=op.f("photos_counters_check")
        ),
        sa.CheckConstraint("size > 0", name=op.f("photos_size_check")),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("photos_batch_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("photos_pkey")),
        sa.UniqueConstraint("task_id", name=op.f("photos_task_id_key")),
    )
    op.create_index(op.f("photos_batch_id_idx"), "photos", ["batch_id"], unique=False)
    op.create_index(
        "photos_leased_idx",
        "photos",
        ["lease_expires_at"],
        unique=False,
        postgresql_where=sa.text("status = 'PENDING' AND lease_expires_at IS NOT NULL"),
    )
    op.create_index(op.f("photos_owner_id_idx"), "photos", ["owner", "id"], unique=False)
    op.create_index(
        "photos_postponed_idx",
        "photos",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("status = 'PENDING' AND next_attempt_at IS NOT NULL"),
    )
    op.create_index(
        "photos_unqueued_idx",
        "photos",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("status = 'PENDING' AND enqueued_at IS NULL"),
    )
    op.create_table(
        "renditions",
        sa.Column("photo_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "width > 0 AND height > 0 AND size > 0", name=op.f("renditions_dimensions_check")
        ),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photos.id"], name=op.f("renditions_photo_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("photo_id", "name", name=op.f("renditions_pkey")),
    )
