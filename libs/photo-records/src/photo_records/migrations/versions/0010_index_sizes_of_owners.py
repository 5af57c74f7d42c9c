"""Let the bytes of an owner be counted in the index alone."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_NAME, _NEW = "photos_owner_id_idx", "photos_owner_id_size_idx"


def upgrade() -> None:
    # CONCURRENTLY, so that uploads go on; that cannot run inside a transaction, and one that was
    # interrupted leaves an invalid index behind. The old one serves until the new one is there.
    with op.get_context().autocommit_block():
        op.drop_index(_NEW, "photos", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            _NEW,
            "photos",
            ["owner", "id"],
            postgresql_include=["size"],
            postgresql_concurrently=True,
        )
        op.drop_index(_NAME, "photos", if_exists=True, postgresql_concurrently=True)
        op.execute(f"ALTER INDEX {_NEW} RENAME TO {_NAME}")
