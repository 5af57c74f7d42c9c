"""How often a password may be wrong: ten times in fifteen minutes, by name and by address.

Counted in the database: replicas share it, and a restart forgets nothing.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from photo_records.registration import Connection
from service_kit.client_address import visitor_at

MAX_FAILURES = 10
WINDOW = timedelta(minutes=15)

# One after the other for a subject: attempts that come together are counted all the same.
_LOCK = "SELECT pg_advisory_xact_lock($1, hashtext(encode($2, 'hex')))"
_LOCK_SPACE = 0x6C6F67  # "log"
# Those that somebody else forgets just now are skipped: nobody waits for anybody.
_FORGET_OLD = """
DELETE FROM admin_login_failures WHERE id IN (
    SELECT id FROM admin_login_failures WHERE at <= now() - $1::interval
    LIMIT 1000 FOR UPDATE SKIP LOCKED
)
"""
_COUNT = """
SELECT count(*) AS failures,
    ceil(extract(epoch FROM min(at) + $2::interval - now()))::int AS seconds
FROM (
    SELECT at FROM admin_login_failures WHERE subject = $1 AND at > now() - $2::interval
    ORDER BY at DESC LIMIT $3
) latest
"""
_COUNT_IN = "INSERT INTO admin_login_failures (subject) VALUES ($1) RETURNING id"
_TAKE_BACK = "DELETE FROM admin_login_failures WHERE id = ANY($1)"
_FORGIVE = "DELETE FROM admin_login_failures WHERE subject = $1"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A password that may be checked now; it counts as wrong until it is said to be right."""

    subjects: tuple[bytes, bytes]
    ids: tuple[int, ...]
    is_last: bool


@dataclass(frozen=True, slots=True)
class Throttled:
    """No password of that name or from that address is checked for so long, in seconds."""

    seconds: int


class LoginThrottle:
    """Counts attempts before they are made, so that a hundred at once are no way around it."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def begin(self, name: str, address: str) -> Attempt | Throttled:
        """Count an attempt in, unless there were too many."""
        subjects = (_subject_of_name(name), _subject("address", visitor_at(address)))
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_FORGET_OLD, WINDOW)
            # In one order, so that no two wait for each other.
            for subject in sorted(subjects):
                await connection.execute(_LOCK, _LOCK_SPACE, subject)
            counts = [
                row
                for subject in subjects
                for row in await connection.fetch(_COUNT, subject, WINDOW, MAX_FAILURES)
            ]
            waits = [row["seconds"] for row in counts if row["failures"] >= MAX_FAILURES]
            if waits:
                return Throttled(max(1, *waits))
            ids = [await connection.fetchval(_COUNT_IN, subject) for subject in subjects]
        is_last = any(row["failures"] == MAX_FAILURES - 1 for row in counts)
        return Attempt(subjects, tuple(ids), is_last)

    async def take_back(self, attempt: Attempt) -> None:
        """Nobody looked at the password."""
        await self._pool.execute(_TAKE_BACK, attempt.ids)

    async def end_well(self, attempt: Attempt) -> None:
        """The password was right: the name has a clean record again, the address one less."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_TAKE_BACK, attempt.ids)
            await connection.execute(_FORGIVE, attempt.subjects[0])


async def forgive_name(connection: Connection, name: str) -> None:
    """Let somebody try again at once: an operator who has changed the password by command."""
    await connection.execute(_FORGIVE, _subject_of_name(name))


def _subject_of_name(name: str) -> bytes:
    return _subject("name", name.casefold())


def _subject(kind: str, text: str) -> bytes:
    return hashlib.sha256(f"{kind}:{text}".encode(errors="replace")).digest()
