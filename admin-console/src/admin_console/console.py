"""What the pages work with, built once in bootstrap.py."""

from dataclasses import dataclass
from typing import cast

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request

from admin_console.login_throttle import LoginThrottle
from admin_console.passwords import Passwords
from admin_console.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Console:
    """Everything that lives as long as the process.

    `engine` is for the reads of photo_records and the lists of sqladmin, `pool` for the console's
    own tables.
    """

    pool: asyncpg.Pool
    engine: AsyncEngine
    passwords: Passwords
    sessions: Sessions
    throttle: LoginThrottle


def console_of(request: Request) -> Console:
    """The console that serves `request`."""
    return cast("Console", request.app.state.console)
