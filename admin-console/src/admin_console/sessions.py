"""Who is signed in: kept in the database, so that every session can be ended at any moment."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg

from admin_console.operators import Operator
from photo_records.console_tables import OperatorRole
from photo_records.registration import Connection

if TYPE_CHECKING:
    from starlette.requests import Request

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
# A row is not written for every request.
_SEEN_EVERY = timedelta(minutes=1)
_MAX_USER_AGENT = 200

_START = """
INSERT INTO admin_sessions (token_hash, user_id, expires_at, address, user_agent)
VALUES ($1, $2, now() + $3::interval, $4, $5)
"""
# Those that somebody else forgets just now are skipped: nobody waits for anybody.
_FORGET_ENDED = """
DELETE FROM admin_sessions WHERE token_hash IN (
    SELECT token_hash FROM admin_sessions
    WHERE expires_at <= now() OR last_seen_at <= now() - $1::interval
    LIMIT 1000 FOR UPDATE SKIP LOCKED
)
"""
_FIND = """
WITH found AS (
    SELECT s.token_hash, s.last_seen_at, u.id, u.name, u.role
    FROM admin_sessions s JOIN admin_users u ON u.id = s.user_id
    WHERE s.token_hash = $1 AND u.active AND s.expires_at > now()
        AND s.last_seen_at > now() - $2::interval
), seen AS (
    UPDATE admin_sessions s SET last_seen_at = now() FROM found
    WHERE s.token_hash = found.token_hash AND $4 AND found.last_seen_at < now() - $3::interval
)
SELECT id, name, role FROM found
"""
_LIST = """
SELECT s.token_hash, u.name, s.created_at, s.last_seen_at, s.expires_at, s.address, s.user_agent
FROM admin_sessions s JOIN admin_users u ON u.id = s.user_id
WHERE u.active AND s.expires_at > now() AND s.last_seen_at > now() - $1::interval
ORDER BY s.last_seen_at DESC, s.token_hash LIMIT 200
"""
_END = """
DELETE FROM admin_sessions s USING admin_users u
WHERE s.token_hash = $1 AND u.id = s.user_id RETURNING u.name
"""


@dataclass(frozen=True, slots=True)
class Session:
    """The session of a request; `token` is what the browser holds."""

    token: str
    operator: Operator

    @property
    def csrf_token(self) -> str:
        """What proves that a form is from a page of this session.

        Nobody can compute it who does not hold the cookie, which no script can read.
        """
        return hmac.new(self.token.encode(), b"csrf", hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as the list of sessions shows it; `token_hash` names it and opens nothing."""

    token_hash: str
    name: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str
    user_agent: str


class Sessions:
    """The sessions in the database; they end after 30 min without a request, and after 12 h."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def find(self, token: str, *, is_use: bool) -> Session | None:
        """The session that the browser's token opens; None if there is none any more.

        `is_use`: a person asked, and no script of an open page; it keeps the session from ending.
        """
        row = await self._pool.fetchrow(_FIND, hash_of(token), IDLE, _SEEN_EVERY, is_use)
        if row is None:
            return None
        return Session(token, Operator(row["id"], row["name"], OperatorRole(row["role"])))

    async def open_sessions(self) -> list[OpenSession]:
        """The last 200 that were used."""
        rows = await self._pool.fetch(_LIST, IDLE)
        return [
            OpenSession(**{**row, "token_hash": row["token_hash"].hex()}) for row in map(dict, rows)
        ]


def session_of(request: "Request") -> Session | None:
    """The session of a request, which only the login page has none of."""
    session: Session | None = getattr(request.state, "session", None)
    return session


async def start_session(connection: Connection, user_id: int, address: str, user_agent: str) -> str:
    """Sign the operator in; returns the token for the browser, 256 random bits."""
    token = secrets.token_urlsafe(32)
    await connection.execute(_FORGET_ENDED, IDLE)
    cut = user_agent[:_MAX_USER_AGENT]
    await connection.execute(_START, hash_of(token), user_id, LONGEST, address, cut)
    return token


async def end_session(connection: Connection, token_hash: bytes) -> str | None:
    """End one session, and return whose it was; None if it was over already."""
    name: str | None = await connection.fetchval(_END, token_hash)
    return name


async def end_sessions(connection: Connection, user_id: int) -> int:
    """End all sessions of an operator; returns how many there were."""
    done = await connection.execute("DELETE FROM admin_sessions WHERE user_id = $1", user_id)
    return int(done.rpartition(" ")[2])


def hash_of(token: str) -> bytes:
    """What the database knows of a token."""
    return hashlib.sha256(token.encode(errors="replace")).digest()
