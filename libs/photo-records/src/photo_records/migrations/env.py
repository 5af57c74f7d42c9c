"""How alembic runs the migrations."""

from alembic import context
from sqlalchemy import create_engine, pool, text

from photo_records.tables import Record

# Two migrations started at once run one after the other.
_LOCK = 0x70686F746F73  # "photos"

engine = create_engine(
    context.config.attributes["database_url"],
    poolclass=pool.NullPool,
    connect_args={"connect_timeout": 10},
)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Record.metadata)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        context.run_migrations()
