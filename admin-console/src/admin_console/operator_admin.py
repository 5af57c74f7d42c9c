"""What the commands do to operators, each written into the audit log."""

import asyncpg

from admin_console.audit_log import record
from admin_console.bulk_actions import stop_bulk_actions_of, target_of
from admin_console.login_throttle import forgive_name
from admin_console.operator_accounts import (
    MAX_NAME,
    Account,
    change_password,
    create_account,
    deactivate,
    find_account,
)
from admin_console.password_rules import WeakPasswordError, check_password
from admin_console.passwords import Passwords
from photo_records.console_tables import OperatorRole
from photo_records.registration import Connection

# Who did it, in the audit log: whoever may run commands beside the database.
COMMAND_LINE = "(command line)"


class OperatorCommandError(Exception):
    """The command cannot do what is asked; the text says why."""


class OperatorExistsError(OperatorCommandError):
    """There is an operator of that name already."""


async def is_operator(pool: asyncpg.Pool, name: str) -> bool:
    """Whether there is an operator of that name, active or not."""
    return await find_account(pool, name) is not None


async def create_operator(pool: asyncpg.Pool, name: str, password: str, role: OperatorRole) -> None:
    """Create an operator. Raises OperatorExistsError, or another OperatorCommandError."""
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable() or name != name.strip():
        raise OperatorCommandError(f"A name has 1 to {MAX_NAME} characters that can be seen.")
    password_hash = await _hash(password, name)
    async with pool.acquire() as connection, connection.transaction():
        if not await create_account(connection, name, password_hash, role):
            raise OperatorExistsError(f"There is an operator {name} already.")
        await _record(connection, "create_operator", name, {"role": role})


async def change_operator_password(pool: asyncpg.Pool, name: str, password: str) -> int:
    """Change a password and end the sessions; returns how many. Raises OperatorCommandError."""
    account = await _account(pool, name)
    password_hash = await _hash(password, account.name)
    async with pool.acquire() as connection, connection.transaction():
        ended = await change_password(connection, account, password_hash)
        await forgive_name(connection, account.name)
        await _record(connection, "change_password", account.name, {"sessions": ended})
    return ended


async def deactivate_operator(pool: asyncpg.Pool, name: str) -> tuple[int, int]:
    """Lock an operator out, end the sessions and stop the bulk actions; returns how many of each.

    Raises OperatorCommandError.
    """
    account = await _account(pool, name)
    async with pool.acquire() as connection, connection.transaction():
        ended = await deactivate(connection, account)
        stopped = await stop_bulk_actions_of(connection, account.name)
        for action_id in stopped:
            await _record(connection, "stop_bulk_action", target_of(action_id), {})
        await _record(connection, "deactivate_operator", account.name, {"sessions": ended})
    return ended, len(stopped)


async def _account(pool: asyncpg.Pool, name: str) -> Account:
    account = await find_account(pool, name)
    if account is None:
        raise OperatorCommandError(f"There is no operator {name}.")
    return account


async def _hash(password: str, name: str) -> str:
    try:
        check_password(password, name)
    except WeakPasswordError as error:
        raise OperatorCommandError(str(error)) from None
    return await Passwords().hash(password)


async def _record(
    connection: Connection, action: str, target: str, details: dict[str, object]
) -> None:
    await record(connection, COMMAND_LINE, action, target, details, "", "")
