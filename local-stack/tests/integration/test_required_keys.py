"""A stack with AUTH=required: the key of the stack, another owner's, and none."""

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator

import httpx
import pytest

from local_stack.running_stack import RunningStack, temporary_stack
from local_stack.sample_photos import sample_jpeg
from local_stack.settings import whole_environment

OTHER_KEY = "photo_" + "x" * 43


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    with temporary_stack({"AUTH": "required"}) as running:
        yield running


def client(stack: RunningStack, key: str | None = None) -> httpx.Client:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.Client(base_url=stack.base_url, headers=headers, trust_env=False, timeout=30)


def own_key(stack: RunningStack) -> str:
    return (stack.local_dir / "api-key").read_text().strip()


def upload(visitor: httpx.Client) -> httpx.Response:
    return visitor.post("/api/upload/", files=[("images", ("a.jpg", sample_jpeg()))])


def test_without_a_key_nothing_is_taken_or_told(stack: RunningStack) -> None:
    with client(stack) as visitor:
        visitor.headers["X-CSRFToken"] = visitor.get("/api/csrf").json()["csrf_token"]
        for answer in (upload(visitor), visitor.get("/api/tasks")):
            assert (answer.status_code, answer.json()["code"]) == (401, "authentication_required")


def test_what_one_owner_uploaded_is_unknown_to_another(
    stack: RunningStack, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    entry = (
        f'  - {{owner: other, sha256: "{hashlib.sha256(OTHER_KEY.encode()).hexdigest()}",'
        " scopes: [upload, read, delete]}\n"
    )
    with (stack.local_dir / "api-keys.yaml").open("a") as file:
        file.write(entry)
    with client(stack, own_key(stack)) as owner, client(stack, OTHER_KEY) as other:
        # The gateway reads the changed file while it runs.
        wait_until(lambda: other.get("/api/tasks").status_code == 200)
        answer = upload(owner)
        assert answer.status_code == 202
        assert not answer.cookies
        task_id, batch = answer.json()["task_ids"][0], answer.json()["batch_id"]
        task = f"/api/task-status/{task_id}"
        wait_until(lambda: owner.get(task).json()["status"] == "SUCCESS")
        own = [
            task,
            f"/api/batches/{batch}",
            f"/api/tasks/{task_id}/renditions/preview",
            f"/api/tasks/{task_id}/original",
        ]
        assert [owner.get(path).status_code for path in own] == [200] * len(own)
        assert [other.get(path).status_code for path in own] == [404] * len(own)
        assert [other.get("/api/tasks").json()["tasks"]] == [[]]
        polled = other.get("/api/task-status/", params={"task_id": task_id}).json()["tasks"]
        assert polled[0]["error"]["code"] == "unknown_task"
        assert other.post(f"/api/tasks/{task_id}/retry").status_code == 404
        assert other.delete(f"/api/tasks/{task_id}").status_code == 404
        assert owner.delete(f"/api/tasks/{task_id}").status_code == 204


def test_a_page_uploads_with_a_session_for_the_key(stack: RunningStack) -> None:
    with client(stack) as page:
        key = {"Authorization": f"Bearer {own_key(stack)}"}
        token = page.post("/api/session", headers=key).json()["csrf_token"]
        answer = page.post(
            "/api/upload/",
            data={"csrfmiddlewaretoken": token},
            files=[("images", ("a.jpg", sample_jpeg()))],
        )
        assert answer.status_code == 202
    with client(stack, own_key(stack)) as owner:
        task_id = answer.json()["task_ids"][0]
        assert owner.get(f"/api/task-status/{task_id}").json()["task_id"] == task_id


def test_the_demo_uses_the_key_where_one_is_required(stack: RunningStack) -> None:
    port = stack.base_url.rpartition(":")[2]
    variables = {"AUTH": "required", "GATEWAY_PORT": port, "LOCAL_DIR": str(stack.local_dir)}
    done = subprocess.run(
        [sys.executable, "-m", "local_stack", "demo"],
        env={**whole_environment(), **variables, "COLUMNS": "120"},
        cwd=stack.local_dir,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
