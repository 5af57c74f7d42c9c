"""Signing in and out."""

from typing import Any

import pytest
from prometheus_client import REGISTRY

from photo_records.console_tables import OperatorRole


async def test_whoever_is_not_signed_in_is_asked_to_and_led_to_the_page_afterwards(
    site: Any,
) -> None:
    await site.add_operator("ann")
    visitor = site.visit()
    asked = await visitor.get("/admin/sessions/?from=a%26b")
    assert asked.status_code == 303
    form = await visitor.get(asked.headers["Location"])
    assert form.status_code == 200
    assert 'value="/admin/sessions/?from=a%26b"' in form.text
    answer = await visitor.send_login("ann", next="/admin/sessions/?from=a%26b")
    assert answer.headers["Location"] == "/admin/sessions/?from=a%26b"
    page = await visitor.get(answer.headers["Location"])
    assert page.status_code == 200
    assert "ann (this one)" in page.text


async def test_a_name_is_the_same_in_whatever_case_it_is_written(site: Any) -> None:
    await site.add_operator("Ann Öder")
    assert (await site.visit().send_login(" ANN ÖDER ")).status_code == 303


async def test_a_wrong_password_an_unknown_name_and_an_inactive_operator_are_one_answer(
    site: Any,
) -> None:
    await site.add_operator("ann")
    await site.add_operator("bob")
    await site.console.pool.execute("UPDATE admin_users SET active = false WHERE name = 'bob'")
    answers = [
        await site.visit().send_login(*each)
        for each in (("ann", "not her password"), ("nobody", "a password"), ("bob",))
    ]
    texts = {_without_tokens(answer.text) for answer in answers}
    assert len(texts) == 1
    assert "The name or the password is wrong." in texts.pop()
    assert {answer.status_code for answer in answers} == {422}
    assert not any("admin_session" in answer.headers["Set-Cookie"] for answer in answers)


async def test_the_audit_log_keeps_who_came_in_and_who_failed_but_no_unknown_names(
    site: Any,
) -> None:
    await site.add_operator("ann")
    visitor = site.visit("203.0.113.9")
    await visitor.send_login("Ann", "not her password")
    await visitor.send_login("a password in the wrong field", "x")
    await visitor.sign_in("ann")
    await visitor.send_form("/admin/logout")
    lines = await site.audit_lines()
    assert [(line["operator"], line["action"], line["target"]) for line in lines] == [
        ("", "login_failed", "ann"),
        ("", "login_failed", ""),
        ("ann", "login", ""),
        ("ann", "logout", ""),
    ]
    assert {line["address"] for line in lines} == {"203.0.113.9"}
    assert "wrong field" not in str(lines)


async def test_the_session_cookie_is_for_the_console_alone_and_for_no_script(site: Any) -> None:
    await site.add_operator("ann")
    cookie = (await site.visit().send_login("ann")).headers["Set-Cookie"]
    rules = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/admin/", "max-age=43200"} <= rules
    assert "secure" not in rules
    assert len(cookie.partition("=")[2].partition(";")[0]) == 43
    cookie = (await site.visit(origin="https://console").send_login("ann")).headers["Set-Cookie"]
    assert "; Secure" in cookie


async def test_the_database_does_not_know_what_the_browser_holds(site: Any) -> None:
    visitor = await site.signed_in()
    token = visitor.cookies["admin_session"]
    row = await site.console.pool.fetchrow("SELECT * FROM admin_sessions")
    assert token.encode() not in bytes(row["token_hash"])
    assert token not in str(dict(row))


async def test_signing_in_again_ends_the_session_before(site: Any) -> None:
    await site.add_operator("ann")
    visitor = site.visit()
    other_tab = _form_of((await visitor.get("/admin/login")).text)
    await visitor.sign_in("ann")
    before = site.visit()
    before.cookies.update(visitor.cookies)
    answer = await visitor.post("/admin/login", data=other_tab)
    assert answer.status_code == 303
    assert (await before.get("/admin/sessions/")).status_code == 303
    assert (await visitor.get("/admin/sessions/")).status_code == 200
    assert await site.console.pool.fetchval("SELECT count(*) FROM admin_sessions") == 1


@pytest.mark.parametrize("role", list(OperatorRole))
async def test_signing_out_ends_the_session_at_the_server_too(
    site: Any, role: OperatorRole
) -> None:
    visitor = await site.signed_in(role=role)
    thief = site.visit()
    thief.cookies.update(visitor.cookies)
    assert (await thief.get("/admin/sessions/")).status_code == 200
    out = await visitor.send_form("/admin/logout")
    assert (out.status_code, out.headers["Location"]) == (303, "/admin/login")
    assert "admin_session" not in visitor.cookies
    assert (await thief.get("/admin/sessions/")).status_code == 303


async def test_the_login_form_has_to_come_from_the_same_browser(site: Any) -> None:
    await site.add_operator("ann")
    elsewhere = site.visit()
    fields = _form_of((await elsewhere.get("/admin/login")).text)
    assert (await site.visit().post("/admin/login", data=fields)).status_code == 403
    bare = site.visit()
    await bare.get("/admin/login")
    for changed in ({"csrf_token": ""}, fields):
        answer = await bare.post("/admin/login", data={**fields, **changed})
        assert answer.status_code == 403
    answer = await elsewhere.post(
        "/admin/login", data=fields, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403
    assert (await elsewhere.post("/admin/login", data=fields)).status_code == 303


async def test_costs_of_another_time_are_renewed_at_the_next_login(site: Any) -> None:
    await site.add_operator("ann")
    dear = await type(site.console.passwords)().hash("correct horse of this test")
    await site.console.pool.execute("UPDATE admin_users SET password_hash = $1", dear)
    await site.visit().sign_in("ann")
    renewed = await site.console.pool.fetchval("SELECT password_hash FROM admin_users")
    assert renewed != dear
    assert not site.console.passwords.is_outdated(renewed)
    await site.visit().sign_in("ann")


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"a=b", "text/plain", 415),
        (b"a=b", "", 415),
        (b"a=" + b"b" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"&".join([b"a=b"] * 300), "application/x-www-form-urlencoded", 400),
        (b"name=%ff%fe", "application/x-www-form-urlencoded", 400),
        (b"name=%00", "application/x-www-form-urlencoded", 400),
    ],
)
async def test_a_form_that_no_browser_sends_is_refused(
    site: Any, body: bytes, content_type: str, status: int
) -> None:
    answer = await site.visit().post(
        "/admin/login", content=body, headers={"Content-Type": content_type}
    )
    assert answer.status_code == status


def _form_of(page: str) -> dict[str, str]:
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    return {"csrf_token": token, "name": "ann", "password": "correct horse of this test"}


def _without_tokens(page: str) -> str:
    before, _, rest = page.partition('name="csrf_token" value="')
    return before + rest.partition('"')[2]


async def test_sign_ins_are_counted_by_what_became_of_them(site: Any) -> None:
    def counted() -> dict[str, float]:
        return {
            outcome: REGISTRY.get_sample_value("photo_console_sign_ins_total", {"outcome": outcome})
            or 0
            for outcome in ("signed_in", "wrong_password", "throttled")
        }

    await site.add_operator("ann")
    before = counted()
    await site.visit().send_login("ann")
    for _ in range(12):
        await site.visit().send_login("ann", "not her password")
    told = {outcome: number - before[outcome] for outcome, number in counted().items()}
    assert told == {"signed_in": 1, "wrong_password": 10, "throttled": 2}
