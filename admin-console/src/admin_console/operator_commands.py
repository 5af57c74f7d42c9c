"""The commands about operators: createsuperuser, changepassword, deactivate.

A password is asked for twice, or comes from ADMIN_PASSWORD or ADMIN_PASSWORD_FILE; never from the
command line, which every user of the machine can read.
"""

import argparse
import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable

import asyncpg

from admin_console.operator_admin import (
    OperatorCommandError,
    OperatorExistsError,
    change_operator_password,
    create_operator,
    deactivate_operator,
    is_operator,
)
from admin_console.settings import OperatorCommandSettings
from photo_records.asyncpg_pool import open_pool
from photo_records.console_tables import OperatorRole
from photo_records.database_errors import DATABASE_DOWN
from photo_records.schema_check import SchemaOutdatedError, check_schema
from service_kit.settings import load_settings


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Add the commands to those of the program."""
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    create = commands.add_parser("createsuperuser", help="create an operator")
    create.add_argument("--role", choices=list(OperatorRole), default=OperatorRole.SUPERUSER)
    create.add_argument(
        "--if-missing", action="store_true", help="do nothing where the operator is there already"
    )
    change = commands.add_parser("changepassword", help="change a password, end the sessions")
    change.add_argument("name")
    leave = commands.add_parser("deactivate", help="let an operator sign in no more")
    leave.add_argument("name")


def run_command(arguments: argparse.Namespace) -> int:
    """Run the command that was chosen; what is wrong goes to standard error."""
    settings = load_settings(OperatorCommandSettings)
    try:
        told = asyncio.run(_with_database(settings, _COMMANDS[arguments.command], arguments))
    except (OperatorCommandError, SchemaOutdatedError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except DATABASE_DOWN as error:
        sys.stderr.write(f"DATABASE_URL: the database does not answer ({type(error).__name__})\n")
        return 1
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        sys.stderr.write(f"DATABASE_URL: the database lets nobody in ({type(error).__name__})\n")
        return 1
    sys.stdout.write(f"{told}\n")
    return 0


_Command = Callable[[asyncpg.Pool, OperatorCommandSettings, argparse.Namespace], Awaitable[str]]


async def _with_database(
    settings: OperatorCommandSettings, command: _Command, arguments: argparse.Namespace
) -> str:
    pool = await open_pool(settings.database_url.get_secret_value(), 1)
    try:
        await check_schema(pool)
        return await command(pool, settings, arguments)
    finally:
        await pool.close()


async def _create(
    pool: asyncpg.Pool, settings: OperatorCommandSettings, arguments: argparse.Namespace
) -> str:
    name = settings.admin_username or await _ask("Name: ")
    is_there = f"{name} is there already."
    if arguments.if_missing and await is_operator(pool, name):
        return is_there
    password = await _password(settings)
    try:
        await create_operator(pool, name, password, OperatorRole(arguments.role))
    except OperatorExistsError:
        # Another replica that starts at the same time was quicker.
        if arguments.if_missing:
            return is_there
        raise
    return f"{name} may sign in now, as {arguments.role}."


async def _change(
    pool: asyncpg.Pool, settings: OperatorCommandSettings, arguments: argparse.Namespace
) -> str:
    if not await is_operator(pool, arguments.name):
        raise OperatorCommandError(f"There is no operator {arguments.name}.")
    ended = await change_operator_password(pool, arguments.name, await _password(settings))
    return f"The password of {arguments.name} is changed; sessions ended: {ended}."


async def _deactivate(
    pool: asyncpg.Pool, _settings: OperatorCommandSettings, arguments: argparse.Namespace
) -> str:
    ended, stopped = await deactivate_operator(pool, arguments.name)
    return (
        f"{arguments.name} may sign in no more; sessions ended: {ended},"
        f" bulk actions stopped: {stopped}."
    )


_COMMANDS: dict[str, _Command] = {
    "createsuperuser": _create,
    "changepassword": _change,
    "deactivate": _deactivate,
}


async def _password(settings: OperatorCommandSettings) -> str:
    if settings.admin_password is not None:
        return settings.admin_password.get_secret_value()
    if settings.admin_password_file is not None:
        try:
            return settings.admin_password_file.read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeError):
            raise OperatorCommandError("ADMIN_PASSWORD_FILE cannot be read.") from None
    password = await _ask("Password: ", getpass.getpass)
    if password != await _ask("The same again: ", getpass.getpass):
        raise OperatorCommandError("The two passwords differ.")
    return password


async def _ask(prompt: str, ask: Callable[[str], str] = input) -> str:
    if not sys.stdin.isatty():
        raise OperatorCommandError(
            "Nobody is at a terminal: set ADMIN_USERNAME and ADMIN_PASSWORD or ADMIN_PASSWORD_FILE."
        )
    try:
        return await asyncio.to_thread(ask, prompt)
    except EOFError:
        raise OperatorCommandError("Nothing was entered.") from None
