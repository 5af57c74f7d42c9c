"""`python -m ingest_service` serves; `python -m ingest_service sweep [--dry-run]` sweeps once."""

import argparse
import sys

import uvloop

from ingest_service.bootstrap import run, sweep
from ingest_service.settings import IngestSettings
from service_kit.settings import load_settings
from service_kit.structured_logging import configure_logging


def main() -> int:
    """Do what the arguments say; the exit code."""
    parser = argparse.ArgumentParser(prog="ingest_service", description="Serves without a command.")
    sweeping = parser.add_subparsers(dest="command").add_parser(
        "sweep", help="remove objects without a row and what has expired, once"
    )
    sweeping.add_argument("--dry-run", action="store_true", help="only tell what would be removed")
    arguments = parser.parse_args()
    settings = load_settings(IngestSettings)
    configure_logging(settings, "ingest-service")
    if arguments.command is None:
        return uvloop.run(run(settings))
    told, exit_code = uvloop.run(sweep(settings, dry_run=arguments.dry_run))
    sys.stdout.write(f"{told}\n")
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
