"""`python -m photo_records migrate`: bring the database to the newest migration."""

import argparse

from alembic import command

from photo_records.migrations import alembic_config
from photo_records.settings import MigrationSettings
from service_kit.settings import load_settings
from service_kit.structured_logging import configure_logging


def main() -> None:
    """Run the one command there is."""
    parser = argparse.ArgumentParser(prog="photo_records", description=__doc__)
    parser.add_argument("command", choices=["migrate"])
    parser.parse_args()
    settings = load_settings(MigrationSettings)
    configure_logging(settings, "migrations")
    command.upgrade(alembic_config(settings.database_url.get_secret_value()), "head")


if __name__ == "__main__":
    main()
