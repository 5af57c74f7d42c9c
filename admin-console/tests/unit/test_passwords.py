"""Hashes of passwords."""

import asyncio
import threading
from typing import Any

import pytest
from argon2 import PasswordHasher

from admin_console.passwords import Passwords


async def test_only_the_same_password_is_right(cheap_passwords: Passwords) -> None:
    kept = await cheap_passwords.hash("a password of some length")
    assert kept.startswith("$argon2id$")
    assert await cheap_passwords.is_right(kept, "a password of some length")
    assert not await cheap_passwords.is_right(kept, "a password of some lengtH")
    assert not await cheap_passwords.is_right(kept, "")


async def test_the_same_keys_are_right_on_every_system(cheap_passwords: Passwords) -> None:
    kept = await cheap_passwords.hash("caf\u00e9 au lait ici")
    assert await cheap_passwords.is_right(kept, "cafe\u0301 au lait ici")


@pytest.mark.parametrize("password", ["nobody", "", "x" * 5000, "\udc80"])
async def test_nobody_has_no_password(cheap_passwords: Passwords, password: str) -> None:
    assert not await cheap_passwords.is_right(None, password)


async def test_a_hash_that_cannot_be_read_is_nobodys(cheap_passwords: Passwords) -> None:
    assert not await cheap_passwords.is_right("plain text", "plain text")


async def test_an_unknown_name_costs_as_much_as_a_known_one() -> None:
    hasher = _CountingHasher()
    passwords = Passwords(hasher)
    kept = await passwords.hash("a password of some length")
    await passwords.is_right(kept, "wrong")
    await passwords.is_right(None, "wrong")
    assert hasher.verified == [kept, passwords._nobody]
    assert kept.rpartition("$")[0].startswith(passwords._nobody[:20])


async def test_hashes_with_the_costs_of_another_time_are_outdated(
    cheap_passwords: Passwords,
) -> None:
    kept = await cheap_passwords.hash("a password of some length")
    assert not cheap_passwords.is_outdated(kept)
    assert Passwords().is_outdated(kept)


async def test_no_more_than_two_are_made_at_once_and_the_loop_goes_on() -> None:
    hasher = _HeldHasher()
    passwords = Passwords(hasher)
    hasher.held.clear()
    asked = [asyncio.create_task(passwords.hash(f"number {count}")) for count in range(5)]
    await asyncio.to_thread(hasher.two_are_there.wait, 30)
    # Whoever goes away leaves a thread behind that still takes its place.
    asked[0].cancel()
    await asyncio.wait([asked[0]])
    hasher.held.set()
    assert all(str(kept).startswith("$argon2id$") for kept in await asyncio.gather(*asked[1:]))
    assert hasher.most == 2


class _CountingHasher(PasswordHasher):
    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified: list[Any] = []

    def verify(self, hash: Any, password: Any) -> Any:  # noqa: A002 - its name there
        self.verified.append(hash)
        return super().verify(hash, password)


class _HeldHasher(PasswordHasher):
    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.held = threading.Event()
        self.held.set()
        self.two_are_there = threading.Event()
        self.most = 0
        self._running = 0
        self._lock = threading.Lock()

    def hash(self, password: Any, *, salt: Any = None) -> str:
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)
            if self._running == 2:
                self.two_are_there.set()
        self.held.wait(30)
        with self._lock:
            self._running -= 1
        return super().hash(password, salt=salt)
