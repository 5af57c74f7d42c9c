"""Hold the photos that are there against the rules of the migration before."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CHECKS = (
    "only_success_has_facts",
    "pages",
    "orientation",
    "taken_at",
    "camera",
    "dominant_color",
    "thumbhash",
    "phash",
    "step_seconds",
    "error_code",
)


def upgrade() -> None:
    # One reading of the table for all, in a transaction of its own: its lock lets uploads and
    # workers go on.
    validations = ", ".join(f"VALIDATE CONSTRAINT photos_{name}_check" for name in CHECKS)
    op.execute(f"ALTER TABLE photos {validations}")
