"""Keep the attempts that ended otherwise than in SUCCESS."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "failed_attempts",
        sa.Column("photo_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('failed', 'postponed', 'timeout', 'crashed', 'vanished', 'cancelled')",
            name=op.f("failed_attempts_outcome_check"),
        ),
        sa.ForeignKeyConstraint(
            ["photo_id"],
            ["photos.id"],
            name=op.f("failed_attempts_photo_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("photo_id", "revision", name=op.f("failed_attempts_pkey")),
    )
    # Who retries a task again and again does not fill the disk.
    op.execute(
        """
        CREATE FUNCTION keep_newest_failed_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            DELETE FROM failed_attempts
            WHERE photo_id = NEW.photo_id AND revision <= (
                SELECT revision FROM failed_attempts
                WHERE photo_id = NEW.photo_id
                ORDER BY revision DESC
                OFFSET 100 LIMIT 1
            );
            RETURN NULL;
        END
        $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER failed_attempts_are_few
        AFTER INSERT ON failed_attempts
        FOR EACH ROW EXECUTE FUNCTION keep_newest_failed_attempts()
        """
    )
