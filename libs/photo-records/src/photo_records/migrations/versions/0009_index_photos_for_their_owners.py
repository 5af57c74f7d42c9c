"""Index the photos of an owner by their last change and by their status."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INDEXES = {
    "photos_owner_changed_at_idx": ["owner", "changed_at"],
    "photos_owner_status_id_idx": ["owner", "status", "id"],
}


def upgrade() -> None:
    # CONCURRENTLY, so that uploads go on; that cannot run inside a transaction, and one that was
    # interrupted leaves an invalid index behind.
    with op.get_context().autocommit_block():
        for name, columns in INDEXES.items():
            op.drop_index(name, "photos", if_exists=True, postgresql_concurrently=True)
            op.create_index(name, "photos", columns, postgresql_concurrently=True)
