"""`python -m admin_console` serves the console; with a command it manages operators."""

import argparse
import sys

from admin_console.operator_commands import add_commands, run_command


def main() -> None:
    """Run the command, or serve the pages until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m admin_console", description=__doc__)
    add_commands(parser)
    arguments = parser.parse_args()
    if arguments.command:
        sys.exit(run_command(arguments))
    # Loaded here: the commands need neither gRPC nor Celery.
    from admin_console.serve import serve  # noqa: PLC0415

    serve()


if __name__ == "__main__":
    main()
