"""Index what waits for its message by lane: what a paused one holds is not read again and again."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

INDEX = "photos_unqueued_lane_idx"
INDEX_BEFORE = "photos_unqueued_idx"


def upgrade() -> None:
    # CONCURRENTLY, so that uploads go on; that cannot run inside a transaction, and one that was
    # interrupted leaves an invalid index behind.
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, "photos", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            INDEX,
            "photos",
            ["lane", "created_at"],
            postgresql_where=sa.text("status = 'PENDING' AND enqueued_at IS NULL"),
            postgresql_concurrently=True,
        )
        op.drop_index(INDEX_BEFORE, "photos", if_exists=True, postgresql_concurrently=True)
