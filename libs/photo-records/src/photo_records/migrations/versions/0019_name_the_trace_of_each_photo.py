"""Name the trace of each photo."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Without a default: no row is written.
    op.add_column("photos", sa.Column("traceparent", sa.Text(), nullable=True))
