"""Index the lanes of what has ended: what operators look for in a lane that is seldom used."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

INDEX = "photos_ended_lane_idx"


def upgrade() -> None:
    # CONCURRENTLY, so that uploads go on; that cannot run inside a transaction, and one that was
    # interrupted leaves an invalid index behind.
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, "photos", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            INDEX,
            "photos",
            ["lane", "id"],
            postgresql_where=sa.text("status <> 'PENDING'"),
            postgresql_concurrently=True,
        )
