"""Index what operators look for."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

PENDING = "status = 'PENDING'"
FAILED = "status = 'FAILURE'"
ENDED = "status <> 'PENDING'"
INDEXES: tuple[tuple[str, list[str | sa.TextClause], list[str], str], ...] = (
    ("photos_pending_idx", ["id"], [], PENDING),
    ("photos_failed_idx", ["id"], [], FAILED),
    ("photos_failed_code_idx", ["error_code", "id"], [], FAILED),
    ("photos_ended_type_idx", ["content_type", "id"], [], ENDED),
    ("photos_ended_sha256_idx", ["sha256", "id"], [], ENDED),
    ("photos_ended_name_idx", [sa.text('lower(file_name) COLLATE "C"'), "id"], [], ENDED),
    ("photos_finished_idx", ["finished_at"], ["error_code"], "finished_at IS NOT NULL"),
)
BATCHES = "batches_owner_id_idx"


def upgrade() -> None:
    # CONCURRENTLY, so that uploads go on; that cannot run inside a transaction, and one that was
    # interrupted leaves an invalid index behind.
    with op.get_context().autocommit_block():
        for name, columns, included, condition in INDEXES:
            op.drop_index(name, "photos", if_exists=True, postgresql_concurrently=True)
            op.create_index(
                name,
                "photos",
                columns,
                postgresql_include=included,
                postgresql_where=sa.text(condition),
                postgresql_concurrently=True,
            )
        op.drop_index(BATCHES, "batches", if_exists=True, postgresql_concurrently=True)
        op.create_index(BATCHES, "batches", ["owner", "id"], postgresql_concurrently=True)
