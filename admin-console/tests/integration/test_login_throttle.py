"""How often a password may be wrong."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from admin_console.login_throttle import MAX_FAILURES, WINDOW, Attempt, Throttled
from admin_console.operator_admin import change_operator_password
from admin_console.passwords import Passwords, PasswordsBusyError


async def test_after_ten_wrong_passwords_not_even_the_right_one_is_looked_at(site: Any) -> None:
    await site.add_operator("ann")
    for count in range(MAX_FAILURES):
        answer = await site.visit(f"192.0.2.{count}").send_login("ann", "wrong")
        assert answer.status_code == 422
    for name in ("ann", "ANN"):
        answer = await site.visit("192.0.2.200").send_login(name)
        assert answer.status_code == 429
        assert 800 < int(answer.headers["Retry-After"]) <= 900
        assert "Try again in 15 min" in answer.text
    await site.add_operator("bob")
    await site.visit("192.0.2.200").sign_in("bob")


async def test_an_address_that_tries_many_names_is_throttled_and_others_are_not(site: Any) -> None:
    await site.add_operator("ann")
    for count in range(MAX_FAILURES):
        await site.visit("192.0.2.1").send_login(f"guess {count}", "wrong")
    assert (await site.visit("192.0.2.1").send_login("ann")).status_code == 429
    await site.visit("192.0.2.2").sign_in("ann")


async def test_a_network_of_ipv6_is_one_address(site: Any) -> None:
    for count in range(MAX_FAILURES):
        await site.visit(f"2001:db8::{count + 1:x}").send_login(f"guess {count}", "wrong")
    assert (await site.visit("2001:db8::ffff").send_login("ann")).status_code == 429


async def test_an_unknown_name_is_throttled_just_as_a_known_one(site: Any) -> None:
    for count in range(MAX_FAILURES):
        await site.visit(f"192.0.2.{count}").send_login("nobody", "wrong")
    assert (await site.visit("192.0.2.200").send_login("nobody", "wrong")).status_code == 429


async def test_a_name_that_can_be_written_in_many_ways_is_one_name(site: Any) -> None:
    await site.add_operator("mini")
    written = await site.console.pool.fetchval("SELECT lower('\u0130') = lower('i')")
    names = ["mini", "MINI", "m\u0130ni" if written else "Mini", "min\u0130" if written else "mINI"]
    for count in range(MAX_FAILURES):
        await site.visit(f"192.0.2.{count}").send_login(names[count % 4], "wrong")
    assert (await site.visit("192.0.2.99").send_login("mini")).status_code == 429


async def test_a_password_that_nobody_could_look_at_counts_for_nothing(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.add_operator("ann")

    async def busy(*_: Any) -> bool:
        raise PasswordsBusyError

    with monkeypatch.context() as patched:
        patched.setattr(Passwords, "is_right", busy)
        for _ in range(MAX_FAILURES + 1):
            answer = await site.visit().send_login("ann")
            assert answer.status_code == 503
            assert "Try again in a moment" in answer.text
    await site.visit().sign_in("ann")


async def test_many_at_once_are_no_way_around_it(site: Any) -> None:
    throttle = site.console.throttle
    begun = await asyncio.gather(
        *(throttle.begin("ann", f"192.0.2.{count}") for count in range(40))
    )
    assert sum(isinstance(each, Attempt) for each in begun) == MAX_FAILURES
    assert [each.is_last for each in begun if isinstance(each, Attempt)].count(True) == 1


async def test_replicas_share_the_count_and_a_new_one_knows_it(
    open_site: Callable[..., Any],
) -> None:
    sites = [await open_site(), await open_site()]
    await sites[0].add_operator("ann")
    for count in range(MAX_FAILURES):
        await sites[count % 2].visit(f"192.0.2.{count}").send_login("ann", "wrong")
    later = await open_site()
    for site in (*sites, later):
        assert (await site.visit("192.0.2.200").send_login("ann")).status_code == 429


async def test_a_right_password_clears_the_name_and_gives_the_address_its_attempt_back(
    site: Any,
) -> None:
    await site.add_operator("ann")
    for _ in range(MAX_FAILURES - 1):
        await site.visit().send_login("ann", "wrong")
    await site.visit().sign_in("ann")
    # The name has a clean record, the address one attempt left.
    assert (await site.visit().send_login("ann", "wrong")).status_code == 422
    assert (await site.visit().send_login("ann")).status_code == 429
    await site.visit("192.0.2.77").sign_in("ann")


async def test_it_ends_with_its_quarter_of_an_hour(site: Any) -> None:
    await site.add_operator("ann")
    for count in range(MAX_FAILURES):
        await site.visit(f"192.0.2.{count}").send_login("ann", "wrong")
    await site.console.pool.execute(
        "UPDATE admin_login_failures SET at = at - $1::interval", WINDOW
    )
    await site.visit().sign_in("ann")
    assert await site.console.pool.fetchval("SELECT count(*) FROM admin_login_failures") == 0


async def test_a_changed_password_may_be_used_at_once(site: Any) -> None:
    await site.add_operator("ann")
    for count in range(MAX_FAILURES):
        await site.visit(f"192.0.2.{count}").send_login("ann", "wrong")
    await change_operator_password(site.console.pool, "ann", "another long password")
    answer = await site.visit("192.0.2.99").send_login("ann", "another long password")
    assert answer.status_code == 303


async def test_the_failure_that_closed_the_door_is_in_the_audit_log_and_no_further_ones(
    site: Any,
) -> None:
    await site.add_operator("ann")
    for count in range(MAX_FAILURES + 5):
        await site.visit(f"192.0.2.{count}").send_login("ann", "wrong")
    lines = await site.audit_lines()
    assert len(lines) == MAX_FAILURES
    assert "true" in lines[-1]["details"].partition("throttled_from_now_on")[2]
    assert "true" not in lines[-2]["details"].partition("throttled_from_now_on")[2]


async def test_what_people_type_as_a_name_is_not_kept(site: Any) -> None:
    await site.visit().send_login("my secret password", "x")
    rows = await site.console.pool.fetch("SELECT * FROM admin_login_failures")
    assert len(rows) == 2
    assert b"secret" not in b"".join(row["subject"] for row in rows)


async def test_how_long_to_wait_is_told_by_the_subject_that_waits_longest(site: Any) -> None:
    throttle = site.console.throttle
    for _ in range(MAX_FAILURES):
        assert isinstance(await throttle.begin("ann", "192.0.2.1"), Attempt)
    told = await throttle.begin("ann", "192.0.2.1")
    assert isinstance(told, Throttled)
    assert 0 < told.seconds <= WINDOW.total_seconds()
