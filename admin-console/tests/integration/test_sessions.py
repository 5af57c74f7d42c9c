"""Sessions end by themselves, and whenever somebody ends them."""

from typing import Any

import pytest

from admin_console.operator_admin import change_operator_password, deactivate_operator
from photo_records.console_tables import OperatorRole

PAGE = "/admin/sessions/"


async def test_a_session_ends_after_half_an_hour_without_a_request(site: Any) -> None:
    visitor = await site.signed_in()
    await _age(site, "29 min 50 s")
    assert (await visitor.get(PAGE)).status_code == 200
    await _age(site, "29 min 50 s")
    assert (await visitor.get(PAGE)).status_code == 200
    await _age(site, "30 min 10 s")
    assert (await visitor.get(PAGE)).status_code == 303


async def test_what_an_open_page_fetches_by_itself_keeps_nobody_signed_in(site: Any) -> None:
    visitor = await site.signed_in()
    await _age(site, "29 min")
    for mode in ("cors", "no-cors", "same-origin"):
        answer = await visitor.get(PAGE, headers={"Sec-Fetch-Mode": mode})
        assert answer.status_code == 200
    await _age(site, "2 min")
    assert (await visitor.get(PAGE)).status_code == 303


async def test_a_session_ends_after_twelve_hours_however_busy_it_is(site: Any) -> None:
    visitor = await site.signed_in()
    seconds = await site.console.pool.fetchval(
        "SELECT extract(epoch FROM expires_at - created_at)::int FROM admin_sessions"
    )
    assert seconds == 12 * 3600
    await site.console.pool.execute("UPDATE admin_sessions SET expires_at = now()")
    assert (await visitor.get(PAGE)).status_code == 303


async def test_sessions_that_ended_are_forgotten_at_the_next_login(site: Any) -> None:
    await site.signed_in()
    await _age(site, "31 min")
    await site.visit().sign_in("ann")
    assert await site.console.pool.fetchval("SELECT count(*) FROM admin_sessions") == 1


async def test_a_superuser_sees_who_is_signed_in_and_ends_the_session_of_another(
    site: Any,
) -> None:
    ann = await site.signed_in("ann")
    bob = await site.signed_in("bob", OperatorRole.VIEWER)
    ends = _end_addresses((await ann.get(PAGE)).text)
    own = (await site.console.sessions.find(ann.cookies["admin_session"], is_use=False)).operator
    assert (len(ends), own.name) == (2, "ann")
    bobs = await site.console.pool.fetchval(
        "SELECT token_hash FROM admin_sessions WHERE user_id <> $1", own.id
    )
    answer = await ann.send_form(f"{PAGE}{bobs.hex()}/end")
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    assert (await bob.get(PAGE)).status_code == 303
    assert (await ann.get(PAGE)).status_code == 200
    last = (await site.audit_lines())[-1]
    assert (last["operator"], last["action"], last["target"]) == ("ann", "end_session", "bob")


async def test_a_session_that_is_over_can_be_ended_once_more(site: Any) -> None:
    ann = await site.signed_in()
    for name in ("00" * 32, "00"):
        assert (await ann.send_form(f"{PAGE}{name}/end")).status_code == 303
    assert (await ann.send_form(f"{PAGE}no-hash/end")).status_code == 404
    assert (await site.audit_lines())[-1]["action"] == "login"


async def test_a_viewer_sees_the_sessions_and_is_offered_no_end(site: Any) -> None:
    await site.signed_in("ann")
    bob = await site.signed_in("bob", OperatorRole.VIEWER)
    page = (await bob.get(PAGE)).text
    assert "ann" in page
    assert _end_addresses(page) == []


@pytest.mark.parametrize("role", list(OperatorRole))
async def test_signing_out_everywhere_ends_all_sessions_of_the_operator_and_nobody_elses(
    site: Any, role: OperatorRole
) -> None:
    other = await site.signed_in("other")
    visitors = [await site.signed_in("ann", role)]
    for _ in range(2):
        visitors.append(site.visit())
        await visitors[-1].sign_in("ann")
    answer = await visitors[0].send_form("/admin/logout-everywhere")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/login")
    for visitor in visitors:
        assert (await visitor.get(PAGE)).status_code == 303
    assert (await other.get(PAGE)).status_code == 200
    last = (await site.audit_lines())[-1]
    assert (last["operator"], last["action"]) == ("ann", "logout_everywhere")
    assert last["details"] == '{"sessions": 3}'


async def test_a_changed_password_and_a_deactivated_operator_end_the_sessions(site: Any) -> None:
    ann, bob = await site.signed_in("ann"), await site.signed_in("bob")
    assert await change_operator_password(site.console.pool, "ann", "another long password") == 1
    assert await deactivate_operator(site.console.pool, "BOB") == (1, 0)
    for visitor in (ann, bob):
        assert (await visitor.get(PAGE)).status_code == 303
    assert (await bob.send_login("bob")).status_code == 422


async def test_a_deactivated_operator_is_out_whatever_sessions_there_are(site: Any) -> None:
    visitor = await site.signed_in()
    await site.console.pool.execute("UPDATE admin_users SET active = false")
    assert (await visitor.get(PAGE)).status_code == 303


async def test_a_token_that_opens_nothing_leads_to_the_login(site: Any) -> None:
    visitor = site.visit()
    for token in ("", "guess", "x" * 5000, "\u00ff"):
        cookie = f"admin_session={token}".encode("latin-1")
        answer = await visitor.get(PAGE, headers=[(b"cookie", cookie)])
        assert answer.status_code == 303


async def test_while_the_database_is_away_the_console_says_so_and_lets_nobody_in(
    site: Any, databases: Any, database_url: str
) -> None:
    visitor = await site.signed_in()
    with databases.unreachable(database_url):
        answer = await visitor.get(PAGE)
        assert answer.status_code == 503
        assert "The database does not answer" in answer.text
        assert answer.headers["Retry-After"] == "2"
        # The same where no broken connection is left, but new ones are refused.
        await site.console.pool.expire_connections()
        assert (await visitor.get(PAGE)).status_code == 503
        assert (await visitor.get("/admin/records/operators/")).status_code == 503
    assert (await visitor.get(PAGE)).status_code == 200


async def _age(site: Any, time: str) -> None:
    """Let so much time pass without a request."""
    await site.console.pool.execute(
        f"UPDATE admin_sessions SET last_seen_at = last_seen_at - interval '{time}'"
    )


def _end_addresses(page: str) -> list[str]:
    return [part.partition('"')[0] for part in page.split('action="')[1:] if '/end"' in part[:200]]
