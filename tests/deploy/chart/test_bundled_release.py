"""A release of the chart with its own data comes up by itself and does the main job."""

import json
from typing import Any

import httpx


def test_what_helm_test_runs_uploads_a_photo_and_sees_it_processed(node: Any) -> None:
    (test,) = [each for each in node.objects if each["kind"] == "Pod"]
    said = node.run(test, test)
    task = json.loads(said[said.index("{") :])
    assert task["status"] == "SUCCESS"


def test_no_service_had_to_be_started_anew(node: Any) -> None:
    # Migrations and logins came after the services, which waited for them.
    assert len(node.running) == 7
    for name, container in node.running.items():
        assert node.engine.inspect(container)["RestartCount"] == 0, node.log(name)
        assert "Traceback" not in node.log(name)


def test_the_first_operator_signs_in_and_sees_the_worker(node: Any, operator_password: str) -> None:
    url = f"http://{node.address('photos-console')}:8010"
    with httpx.Client(base_url=url, trust_env=False, timeout=20) as browser:
        form = browser.get("/admin/login").text
        token = form.partition('name="csrf_token" value="')[2].partition('"')[0]
        sent = {"csrf_token": token, "name": "admin", "password": operator_password}
        answer = browser.post("/admin/login", data=sent, headers={"Origin": url})
        assert answer.status_code == 303, answer.text
        assert "photos-worker" in browser.get("/admin/").text
        assert browser.get("/admin/photos/").status_code == 200


def test_every_service_tells_its_metrics_and_which_it_is(node: Any) -> None:
    ports = {"gateway": 9100, "ingest": 9101, "status": 9102, "worker": 9103, "console": 9104}
    for component, port in ports.items():
        url = f"http://{node.address(f'photos-{component}')}:{port}/metrics"
        assert "photo_service_info{" in httpx.get(url, trust_env=False, timeout=20).text
