"""Give each service a role of its own.

What each may do is in `photo_records.service_roles`, and is granted after every migration.
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for role in ("photo_ingest", "photo_status", "photo_worker", "photo_console"):
        # The roles are those of the whole cluster: another database of it may have them already, or
        # make them at this moment. Who may not make them goes on without: `migrate` names them.
        op.execute(
            f"""
            DO $$
            BEGIN
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
                    CREATE ROLE {role} NOLOGIN;
                END IF;
            EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN
                NULL;
            END
            $$
            """
        )
