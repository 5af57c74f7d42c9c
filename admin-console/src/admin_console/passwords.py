"""Hashes of passwords: argon2id (RFC 9106), a few at a time."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from admin_console.password_rules import MAX_BYTES, normalized

# Each takes 64 MiB and four threads of a core for a tenth of a second.
_AT_ONCE = 2
_WAIT_SECONDS = 10.0

ResultT = TypeVar("ResultT")


class PasswordsBusyError(Exception):
    """Too many passwords are to be hashed at once."""


class Passwords:
    """Makes and verifies hashes in threads, at most two at once.

    The default is the second recommendation of RFC 9106 (64 MiB, three passes).
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._places = asyncio.Semaphore(_AT_ONCE)
        # Of nobody's password: a name that is not known takes as long as one that is.
        self._nobody = self._hasher.hash("nobody")

    async def hash(self, password: str) -> str:
        """The hash to keep. Raises PasswordsBusyError."""
        return await self._in_thread(lambda: self._hash(password))

    async def is_right(self, password_hash: str | None, password: str) -> bool:
        """Whether the password has that hash; None is the hash of nobody, and takes as long.

        Raises PasswordsBusyError.
        """
        wanted = password_hash or self._nobody
        is_right = await self._in_thread(lambda: self._verify(wanted, password))
        return is_right and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Whether the hash was made with other costs than new ones."""
        return self._hasher.check_needs_rehash(password_hash)

    async def _in_thread(self, work: Callable[[], ResultT]) -> ResultT:
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._places.acquire()
        except TimeoutError:
            raise PasswordsBusyError from None
        running = asyncio.create_task(asyncio.to_thread(work))
        # A thread cannot be stopped: its place is taken until it ends, whoever still waits.
        running.add_done_callback(lambda _: self._places.release())
        return await asyncio.shield(running)

    def _hash(self, password: str) -> str:
        return self._hasher.hash(normalized(password))

    def _verify(self, password_hash: str, password: str) -> bool:
        if len(password) > MAX_BYTES:
            password = ""
        try:
            return self._hasher.verify(password_hash, normalized(password))
        except (Argon2Error, InvalidHashError, UnicodeEncodeError):
            return False
