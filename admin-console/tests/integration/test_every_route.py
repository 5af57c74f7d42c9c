"""Every route of the console: who gets there, and what a POST has to carry."""

import re
from collections.abc import Iterator
from typing import Any

from starlette.routing import Route

from admin_console.routes.all_routes import ROUTES
from photo_records.console_tables import OperatorRole

LOGIN = "/admin/login"
# What everybody who is signed in may send, viewers too.
FOR_ALL = {LOGIN, "/admin/logout", "/admin/logout-everywhere"}
OPEN = {"/", "/admin", "/livez", "/readyz", LOGIN}
_TASK = "01919a3c-5e00-7abc-8def-0123456789ab"


def addresses(method: str) -> Iterator[str]:
    """An address for each route that takes `method`."""
    for route in ROUTES:
        if isinstance(route, Route) and method in (route.methods or ()):
            yield re.sub(r"{(\w+)(:\w+)?}", _parameter, route.path)


def _parameter(match: re.Match[str]) -> str:
    return "7" if match[2] == ":int" else {"lane": "bulk", "name": "thumbnail"}.get(match[1], _TASK)


POSTS = sorted(set(addresses("POST")))
GETS = sorted(set(addresses("GET")) | {"/admin/records/operators/", "/admin/records/paused-lanes/"})


def test_there_are_routes_to_look_at() -> None:
    assert len(POSTS) >= 4
    assert len(GETS) >= 6
    for route in ROUTES:
        if isinstance(route, Route):
            assert (route.methods or set()) <= {"GET", "HEAD", "POST"}, route.path


async def test_nothing_is_shown_to_or_taken_from_whoever_is_not_signed_in(site: Any) -> None:
    visitor = site.visit()
    for address in (each for each in GETS if each not in OPEN):
        answer = await visitor.get(address)
        assert answer.status_code == 303, address
        assert answer.headers["Location"].startswith(LOGIN)
        assert answer.text == ""
    for address in (each for each in POSTS if each != LOGIN):
        answer = await visitor.post(address, data={"csrf_token": "x"})
        assert answer.status_code == 403, address


async def test_a_post_without_the_token_of_its_session_is_refused(site: Any) -> None:
    ann, bob = await site.signed_in("ann"), await site.signed_in("bob")
    foreign, own = await bob.csrf_token(), await ann.csrf_token()
    before = await site.audit_lines()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    good = {"csrf_token": own}
    for address in POSTS:
        tries = [
            await ann.post(address, content=b"", headers=form),
            await ann.post(address, data={"csrf_token": ""}),
            await ann.post(address, data={"csrf_token": foreign}),
            await ann.post(address, data={"csrf_token": own[:-1]}),
            await ann.post(address, params=good, content=b"", headers=form),
            await ann.post(address, data=good, headers={"Origin": "http://evil.example"}),
            await ann.post(address, data=good, headers={"Sec-Fetch-Site": "same-site"}),
        ]
        assert {answer.status_code for answer in tries} == {403}, address
    assert await site.audit_lines() == before
    assert (await ann.get("/admin/sessions/")).status_code == 200


async def test_a_viewer_who_forges_an_action_is_refused_and_that_is_written_down(
    site: Any,
) -> None:
    viewer = await site.signed_in("vic", OperatorRole.VIEWER)
    sent = {"csrf_token": await viewer.csrf_token()}
    for address in (each for each in POSTS if each not in FOR_ALL):
        answer = await viewer.post(address, data=sent)
        assert answer.status_code == 403, address
        assert "change nothing" in answer.text
        last = (await site.audit_lines())[-1]
        assert (last["operator"], last["action"], last["target"]) == ("vic", "refused", address)


async def test_where_there_is_no_page_a_page_says_so(site: Any) -> None:
    visitor = await site.signed_in()
    for address in ("/admin/nothing/", "/admin/records/photos/", "/admin/records/"):
        answer = await visitor.get(address)
        assert answer.status_code == 404
        assert "There is no such page" in answer.text
        assert (await site.visit().get(address)).status_code == 303


async def test_a_page_that_takes_no_post_says_so(site: Any) -> None:
    visitor = await site.signed_in()
    assert (await visitor.post("/admin/sessions/")).status_code == 405
    assert (await visitor.delete("/admin/sessions/")).status_code == 405
