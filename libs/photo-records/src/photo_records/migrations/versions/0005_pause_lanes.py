"""Let lanes be paused."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "paused_lanes",
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column(
            "paused_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("paused_by", sa.Text(), nullable=False),
        sa.CheckConstraint("lane IN ('interactive', 'bulk')", name=op.f("paused_lanes_lane_check")),
        sa.PrimaryKeyConstraint("lane", name=op.f("paused_lanes_pkey")),
    )
