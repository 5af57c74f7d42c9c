"""Ask for an action on many photos once, however often its form is sent."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Those that were asked for before have none.
    op.add_column("bulk_actions", sa.Column("question_id", sa.Uuid(), nullable=True))
    op.create_unique_constraint(
        op.f("bulk_actions_question_id_key"), "bulk_actions", ["question_id"]
    )
