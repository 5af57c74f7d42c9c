"""Index the tasks that are with the broker."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NAME = "photos_queued_idx"


def upgrade() -> None:
    # CONCURRENTLY, so that uploads go on; that cannot run inside a transaction, and one that was
    # interrupted leaves an invalid index behind.
    with op.get_context().autocommit_block():
        op.drop_index(NAME, "photos", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            NAME,
            "photos",
            ["lane", "enqueued_at"],
            postgresql_where=sa.text("status = 'PENDING' AND enqueued_at IS NOT NULL"),
            postgresql_concurrently=True,
        )
