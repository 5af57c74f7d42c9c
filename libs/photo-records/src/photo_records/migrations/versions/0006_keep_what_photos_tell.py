"""Keep what photos tell of themselves, how to show them meanwhile, and what each step took."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CHECKS = {
    "only_success_has_facts": "status = 'SUCCESS' OR num_nonnulls(pages, orientation, taken_at, camera, dominant_color, thumbhash, phash, step_seconds) = 0",
    "pages": "pages > 0",
    "orientation": "orientation BETWEEN 1 AND 8",
    "taken_at": "char_length(taken_at) BETWEEN 19 AND 32",
    "camera": "jsonb_typeof(camera) = 'object'",
    "dominant_color": "dominant_color ~ '^#[0-9a-f]{6}$'",
    "thumbhash": "octet_length(thumbhash) BETWEEN 1 AND 25",
    "phash": "phash ~ '^[0-9a-f]{16}$'",
    "step_seconds": "jsonb_typeof(step_seconds) = 'object'",
    # As it was, and too_many_pages.
    "error_code": "error_code IN ('corrupt_image', 'truncated_image', 'too_many_pixels', 'too_many_pages', 'unsupported_content', 'encrypted_document', 'original_missing', 'original_mismatch', 'storage_unavailable', 'timeout', 'crashed', 'cancelled', 'internal')",
}


def upgrade() -> None:
    # All of this changes the catalogue only: no row is read or written while the table is locked.
    # The next migration holds the rows that are there against the new rules.
    json = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
    op.add_column("photos", sa.Column("pages", sa.Integer(), nullable=True))
    op.add_column("photos", sa.Column("orientation", sa.SmallInteger(), nullable=True))
    # No timestamp with time zone: most files do not tell their offset, and then no moment is known.
    op.add_column("photos", sa.Column("taken_at", sa.Text(), nullable=True))
    op.add_column("photos", sa.Column("camera", json, nullable=True))
    op.add_column("photos", sa.Column("dominant_color", sa.Text(), nullable=True))
    op.add_column("photos", sa.Column("thumbhash", sa.LargeBinary(), nullable=True))
    op.add_column("photos", sa.Column("phash", sa.Text(), nullable=True))
    op.add_column("photos", sa.Column("step_seconds", json, nullable=True))
    op.drop_constraint(op.f("photos_error_code_check"), "photos")
    for name, condition in CHECKS.items():
        op.create_check_constraint(
            op.f(f"photos_{name}_check"), "photos", condition, postgresql_not_valid=True
        )
