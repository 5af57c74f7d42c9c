"""The migrations: numbered, forward only, expand before contract."""

from pathlib import Path

from alembic.config import Config

# Their tables are migrated with the others.
import photo_records.bulk_action_table
import photo_records.console_tables
import photo_records.failed_attempts  # noqa: F401
from photo_records.database_url import with_driver


def alembic_config(database_url: str) -> Config:
    """Alembic's configuration for a plain `postgresql://` DSN."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["database_url"] = with_driver(database_url, "psycopg2")
    return config
