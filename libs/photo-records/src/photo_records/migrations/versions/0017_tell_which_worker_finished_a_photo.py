"""Tell which worker finished a photo."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Without a default: no row is written.
    op.add_column("photos", sa.Column("finished_by", sa.Text(), nullable=True))
