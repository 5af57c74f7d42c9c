"""Record which process holds a claim, and how long a task was postponed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Constant defaults: no row is rewritten. Workers of the version before leave claimed_by empty,
    # and nobody's death is held against their tasks.
    op.add_column("photos", sa.Column("claimed_by", sa.Text(), nullable=True))
    op.add_column(
        "photos",
        sa.Column("postponements", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column("photos", sa.Column("postponed_since", sa.DateTime(timezone=True), nullable=True))
