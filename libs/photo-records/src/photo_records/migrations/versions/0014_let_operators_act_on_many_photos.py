"""Let operators act on all photos of a filter, in the background."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bulk_actions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("filter", JSONB(), nullable=False),
        sa.Column("matched", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), server_default="running", nullable=False),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("refused", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("claim", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "action IN ('retry', 'cancel', 'delete')", name=op.f("bulk_actions_action_check")
        ),
        sa.CheckConstraint(
            "state IN ('running', 'done', 'stopped')", name=op.f("bulk_actions_state_check")
        ),
        sa.CheckConstraint(
            "jsonb_typeof(filter) = 'object'", name=op.f("bulk_actions_filter_check")
        ),
        sa.CheckConstraint(
            "matched >= 0 AND done >= 0 AND refused >= 0 AND claim >= 0",
            name=op.f("bulk_actions_counts_check"),
        ),
        sa.CheckConstraint(
            "(state = 'running') = (finished_at IS NULL)",
            name=op.f("bulk_actions_ended_has_time_check"),
        ),
        sa.CheckConstraint(
            "state = 'running' OR lease_expires_at IS NULL",
            name=op.f("bulk_actions_ended_has_no_lease_check"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("bulk_actions_pkey")),
    )
    op.create_index(
        "bulk_actions_running_idx",
        "bulk_actions",
        ["id"],
        postgresql_where=sa.text("state = 'running'"),
    )
