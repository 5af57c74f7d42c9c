"""Who only looks is offered no action and changes nothing, and no form comes from afar."""

import re
from typing import Any

import httpx
from playwright.sync_api import expect
from starlette.routing import Route

from admin_console.routes.all_routes import ROUTES

POSTS = [
    route.path for route in ROUTES if isinstance(route, Route) and "POST" in (route.methods or ())
]


def program_of(desk: Any) -> httpx.Client:
    """A program that has the cookies of a browser."""
    cookies = {each["name"]: each["value"] for each in desk.page.context.cookies()}
    return httpx.Client(base_url=desk.base_url, cookies=cookies, trust_env=False)


def filled(path: str) -> str:
    """The path of a route with something in each of its places."""
    return re.sub(r"\{[^}]+\}", "1", path)


def test_who_only_looks_is_offered_no_action(vera: Any, uploader: Any, broken_png: bytes) -> None:
    tasks = uploader.upload(("unlucky.png", broken_png))
    uploader.finished(tasks)
    for path in (
        "/admin/",
        "/admin/photos/?status=FAILURE",
        f"/admin/photos/{tasks[0]['task_id']}",
        f"/admin/batches/{tasks[0]['batch_id']}",
        "/admin/bulk-actions/",
    ):
        vera.open(path)
        posts = vera.page.locator("main form[method=post]")
        expect(posts).to_have_count(0)
        assert vera.page.locator("main input[type=checkbox]").count() == 0
        assert (
            vera.page.get_by_role("link", name=re.compile("all…$|Erase|Cancel what")).count() == 0
        )


def test_who_only_looks_is_refused_when_they_forge_an_action(
    vera: Any, ada: Any, uploader: Any, broken_png: bytes
) -> None:
    tasks = uploader.upload(("forged.png", broken_png))
    uploader.finished(tasks)
    vera.open("/admin/photos/")
    token = vera.page.locator('input[name="csrf_token"]').first.input_value()
    sent = {"csrf_token": token, "action": "retry", "task_id": tasks[0]["task_id"]}
    with program_of(vera) as http:
        for path in POSTS:
            if not path.startswith(("/admin/login", "/admin/logout")):
                assert http.post(filled(path), data=sent).status_code == 403, path
    assert uploader.finished(tasks)[0]["status"] == "FAILURE"
    ada.open("/admin/audit-log/?operator=vera&action=refused")
    expect(ada.row("/admin/photos/act")).to_have_count(1)


def test_no_form_without_the_token_of_the_session_does_anything(ada: Any, vera: Any) -> None:
    own, foreign = (
        desk.page.locator('input[name="csrf_token"]').first.input_value() for desk in (ada, vera)
    )
    wrong = ({}, {"csrf_token": ""}, {"csrf_token": "x" * 64}, {"csrf_token": foreign})
    with program_of(ada) as http:
        for path in POSTS:
            for token in wrong:
                sent = {"action": "delete", "owner": "alice", "name": "ada", "password": "x"}
                answer = http.post(filled(path), data={**sent, **token})
                assert answer.status_code == 403, (path, token)
            afar = {"Sec-Fetch-Site": "cross-site"}
            answer = http.post(filled(path), data={"csrf_token": own}, headers=afar)
            assert answer.status_code == 403, path
    # Nothing was done: the session is still there.
    ada.page.reload()
    expect(ada.page.get_by_role("heading", name="Overview")).to_be_visible()
