"""Let idempotency keys expire."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NAME = "batches_keyed_idx"


def upgrade() -> None:
    op.alter_column("batches", "idempotency_key", nullable=True)
    # CONCURRENTLY, so that uploads go on; that cannot run inside a transaction, and one that was
    # interrupted leaves an invalid index behind.
    with op.get_context().autocommit_block():
        op.drop_index(NAME, "batches", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            NAME,
            "batches",
            ["created_at"],
            postgresql_where=sa.text("idempotency_key IS NOT NULL"),
            postgresql_concurrently=True,
        )
