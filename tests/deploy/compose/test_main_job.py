"""The whole main job, through the port that Compose publishes."""

from typing import Any

import httpx
import pytest

from local_stack.sample_photos import Expected, sample_photos


def test_good_photos_succeed_and_bad_ones_are_refused_or_fail(
    system: Any, results: Any, visitor: httpx.Client
) -> None:
    photos = sample_photos()
    with system.api() as api:
        answer = api.upload(photos)
        tasks = results(api, answer["task_ids"])
    refused = {each["file_name"] for each in answer["rejected"]}
    ended = {task["file_name"]: task["status"].lower() for task in tasks}
    assert refused == {each.file_name for each in photos if each.expected is Expected.REJECTED}
    assert ended == {
        each.file_name: each.expected for each in photos if each.expected is not Expected.REJECTED
    }
    for task in tasks:
        for rendition in (task["result"] or {}).get("renditions", []):
            picture = visitor.get(rendition["url"])
            assert (picture.status_code, len(picture.content)) == (200, rendition["size"])


def test_people_get_the_page_and_operators_the_console(system: Any, visitor: httpx.Client) -> None:
    page = visitor.get("/api/")
    assert (page.status_code, "text/html" in page.headers["content-type"]) == (200, True)
    secret = ("run", "--rm", "--no-deps", "-T", "operator", "cat", "/run/secrets/admin_password")
    password = system.compose(*secret).stdout.strip()
    with httpx.Client(
        base_url=system.url("admin-console", 8010),
        timeout=30,
        trust_env=False,
        follow_redirects=True,
    ) as operator:
        form = operator.get("/admin/login")
        token = form.text.split('name="csrf_token" value="')[1].split('"')[0]
        signed_in = operator.post(
            "/admin/login",
            data={"name": "admin", "next": "", "password": password, "csrf_token": token},
        )
        assert signed_in.status_code == 200
        assert signed_in.url.path != "/admin/login"


@pytest.mark.slow
def test_what_was_uploaded_is_still_there_after_down_and_up(system: Any, results: Any) -> None:
    with system.api() as api:
        answer = api.upload(sample_photos()[:1])
        results(api, answer["task_ids"])
    system.down()
    system.up()
    with httpx.Client(base_url=system.gateway_url, timeout=30, trust_env=False) as visitor:
        asked = visitor.get("/api/task-status/", params={"task_id": answer["task_ids"]})
        (task,) = asked.json()["tasks"]
        assert task["status"] == "SUCCESS"
        assert visitor.get(task["result"]["renditions"][0]["url"]).status_code == 200
