"""The commands of `make run`, `make demo` and `make createsuperuser`."""

import argparse
import sys
from collections.abc import Sequence

from local_stack.settings import StackSettings
from local_stack.stack_error import StackError
from service_kit.settings import load_settings
from service_kit.structured_logging import configure_logging

OPERATOR_COMMANDS = ("createsuperuser", "changepassword", "deactivate")


def main() -> int:
    """Run the command; what a person must mend goes to standard error."""
    parser = argparse.ArgumentParser(prog="python -m local_stack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="run the whole system until Ctrl-C")
    commands.add_parser("demo", help="upload sample photos and show what becomes of them")
    for command in OPERATOR_COMMANDS:
        commands.add_parser(command, help="as of admin_console", add_help=False)
    chosen, rest = parser.parse_known_args()
    if rest and chosen.command not in OPERATOR_COMMANDS:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    settings = load_settings(StackSettings)
    try:
        if chosen.command in OPERATOR_COMMANDS:
            return _operator(settings, [chosen.command, *rest])
        return _demo(settings) if chosen.command == "demo" else _run(settings)
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except KeyboardInterrupt:  # before or beyond what handles the signal in order
        return 130


def _run(settings: StackSettings) -> int:
    from local_stack.run_stack import run_stack  # noqa: PLC0415 - each command loads its own

    configure_logging(settings, "local-stack")
    run_stack(settings)
    return 0


def _demo(settings: StackSettings) -> int:
    from local_stack.demo import run_demo  # noqa: PLC0415 - each command loads its own

    return run_demo(settings)


def _operator(settings: StackSettings, command: Sequence[str]) -> int:
    from local_stack.operator_command import (  # noqa: PLC0415 - each command loads its own
        run_operator_command,
    )

    return run_operator_command(settings, command)


if __name__ == "__main__":
    sys.exit(main())
