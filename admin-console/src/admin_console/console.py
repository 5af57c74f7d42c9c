"""What the pages work with, built once in bootstrap.py."""

from dataclasses import dataclass
from typing import cast

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request

from admin_console.bulk_runner import BulkRunner
from admin_console.ingest_client import IngestClient
from admin_console.login_throttle import LoginThrottle
from admin_console.passwords import Passwords
from admin_console.photo_actions import PhotoActions
from admin_console.service_standing import ServiceStanding
from admin_console.sessions import Sessions
from admin_console.status_client import StatusClient
from admin_console.workers import WorkerWatch


@dataclass(frozen=True, slots=True)
class Console:
    """Everything that lives as long as the process.

    `engine` is for the reads of photo_records and the lists of sqladmin, `pool` for the console's
    own tables.
    """

    pool: asyncpg.Pool
    engine: AsyncEngine
    ingest: IngestClient
    status: StatusClient
    workers: WorkerWatch
    standing: ServiceStanding
    actions: PhotoActions
    bulk: BulkRunner
    passwords: Passwords
    sessions: Sessions
    throttle: LoginThrottle


def console_of(request: Request) -> Console:
    """The console that serves `request`."""
    return cast("Console", request.app.state.console)
