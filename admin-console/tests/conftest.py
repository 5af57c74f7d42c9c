"""What the tests of the console share: its app over a real database, and browsers without one."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import httpx
import pytest
from argon2 import PasswordHasher

from admin_console.app import build_app
from admin_console.bootstrap import ConsoleBootstrap
from admin_console.console import Console
from admin_console.operator_accounts import create_account
from admin_console.passwords import Passwords
from admin_console.settings import ConsoleSettings
from local_stack.ports import free_ports
from photo_records.asyncpg_pool import open_pool
from photo_records.console_tables import OperatorRole
from photo_records.service_roles import ServiceRole

PASSWORD = "correct horse of this test"
ORIGIN = "http://console"


def csrf_token_in(page: str) -> str:
    """What the first form of a page carries."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page
    return found[1]


class Visitor(httpx.AsyncClient):
    """A browser at the console, which keeps cookies and follows no redirect by itself."""

    async def send_login(self, name: str, password: str = PASSWORD, **fields: str) -> Any:
        """Fill in the login form and send it."""
        form = await self.get("/admin/login")
        sent = {"csrf_token": csrf_token_in(form.text), "name": name, "password": password}
        return await self.post("/admin/login", data={**sent, **fields})

    async def sign_in(self, name: str) -> None:
        """Sign in, or fail the test."""
        answer = await self.send_login(name)
        assert answer.status_code == 303, answer.text

    async def csrf_token(self) -> str:
        """The token of the session."""
        return csrf_token_in((await self.get("/admin/sessions/")).text)

    async def send_form(self, address: str, fields: Any = None) -> Any:
        """POST a form of one of the console's pages."""
        sent = {"csrf_token": await self.csrf_token(), **(fields or {})}
        return await self.post(address, data=sent)


@dataclass(frozen=True)
class Site:
    """A running console."""

    app: Any
    console: Console
    visit: Callable[..., Visitor]

    async def add_operator(
        self, name: str, role: OperatorRole = OperatorRole.SUPERUSER, password: str = PASSWORD
    ) -> None:
        """An operator with that password."""
        password_hash = await self.console.passwords.hash(password)
        async with self.console.pool.acquire() as connection:
            assert await create_account(connection, name, password_hash, role)

    async def signed_in(
        self, name: str = "ann", role: OperatorRole = OperatorRole.SUPERUSER
    ) -> Visitor:
        """The browser of a new operator who has signed in."""
        await self.add_operator(name, role)
        visitor = self.visit()
        await visitor.sign_in(name)
        return visitor

    async def audit_lines(self) -> list[dict[str, Any]]:
        """All of them, the oldest first; when and with which request they were is left out."""
        rows = await self.console.pool.fetch(
            "SELECT operator, action, target, address, details FROM audit_log ORDER BY id"
        )
        return [dict(row) for row in rows]


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections to the test's own database."""
    pool = await open_pool(database_url, 5)
    yield pool
    await pool.close()


@pytest.fixture
def cheap_passwords() -> Passwords:
    """Hashes that cost next to nothing."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
async def open_site(
    databases: Any, database_url: str, cheap_passwords: Passwords
) -> AsyncIterator[Callable[..., Any]]:
    """Starts a console; settings that are not given lead nowhere. Twice: two replicas."""
    async with AsyncExitStack() as stack:

        async def start(**settings: Any) -> Site:
            nowhere = f"127.0.0.1:{free_ports(1)[0]}"
            chosen = {
                "database_url": databases.url_for(ServiceRole.CONSOLE, database_url),
                "redis_url": f"redis://{nowhere}/0",
                "ingest_target": f"dns:///{nowhere}",
                "status_target": f"dns:///{nowhere}",
                **settings,
            }
            bootstrap = ConsoleBootstrap(ConsoleSettings(**chosen))
            opened: list[Console] = []

            @asynccontextmanager
            async def open_console() -> AsyncIterator[Console]:
                async with bootstrap.open_console() as console:
                    opened.append(replace(console, passwords=cheap_passwords))
                    yield opened[0]

            app = build_app(open_console)
            await stack.enter_async_context(app._app.router.lifespan_context(app._app))
            visitors: list[Visitor] = []

            def visit(address: str = "192.0.2.1", origin: str = ORIGIN) -> Visitor:
                transport = httpx.ASGITransport(
                    app, raise_app_exceptions=False, client=(address, 4000)
                )
                visitors.append(Visitor(transport=transport, base_url=origin))
                stack.push_async_callback(visitors[-1].aclose)
                return visitors[-1]

            return Site(app, opened[0], visit)

        yield start


@pytest.fixture
async def site(open_site: Callable[..., Any]) -> Site:
    """A console whose other services do not answer."""
    site: Site = await open_site()
    return site
