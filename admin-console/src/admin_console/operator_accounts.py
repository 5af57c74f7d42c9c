"""The accounts of operators."""

from dataclasses import dataclass

import asyncpg

from admin_console.sessions import end_sessions
from photo_records.console_tables import OperatorRole
from photo_records.registration import Connection

# Of a name, in characters.
MAX_NAME = 64

_FIND = """
SELECT id, name, password_hash, role, active FROM admin_users WHERE lower(name) = lower($1)
"""
_CREATE = """
INSERT INTO admin_users (name, password_hash, role) VALUES ($1, $2, $3)
ON CONFLICT (lower(name)) DO NOTHING
"""
_CHANGE = """
UPDATE admin_users SET password_hash = $2, password_changed_at = now() WHERE id = $1
"""
_REHASH = "UPDATE admin_users SET password_hash = $2 WHERE id = $1 AND password_hash = $3"
_DEACTIVATE = "UPDATE admin_users SET active = false WHERE id = $1"


@dataclass(frozen=True, slots=True)
class Account:
    """An operator as the database keeps them."""

    id: int
    name: str
    password_hash: str
    role: OperatorRole
    active: bool


async def find_account(connection: Connection | asyncpg.Pool, name: str) -> Account | None:
    """The account of that name, in whatever case it is written."""
    row = await connection.fetchrow(_FIND, name)
    return Account(**{**row, "role": OperatorRole(row["role"])}) if row else None


async def create_account(
    connection: Connection, name: str, password_hash: str, role: OperatorRole
) -> bool:
    """Create an account; False where there is one of that name."""
    return await connection.execute(_CREATE, name, password_hash, role) == "INSERT 0 1"


async def change_password(connection: Connection, account: Account, password_hash: str) -> int:
    """Change the password and end every session of the operator; returns how many there were."""
    await connection.execute(_CHANGE, account.id, password_hash)
    return await end_sessions(connection, account.id)


async def renew_hash(connection: Connection, account: Account, password_hash: str) -> None:
    """Keep a hash with the costs of today of the same password, unless it has changed."""
    await connection.execute(_REHASH, account.id, password_hash, account.password_hash)


async def deactivate(connection: Connection, account: Account) -> int:
    """Let the operator sign in no more and end every session; returns how many there were."""
    await connection.execute(_DEACTIVATE, account.id)
    return await end_sessions(connection, account.id)
