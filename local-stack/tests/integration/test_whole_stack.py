import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local_stack.how_to_use import READY
from local_stack.running_stack import RunningStack, temporary_stack
from local_stack.settings import whole_environment


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    with temporary_stack() as running:
        yield running


def test_the_printed_curl_line_works_as_it_stands(stack: RunningStack) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    lines = stack.log.read_text().splitlines()
    assert any(line.startswith(READY) for line in lines)
    curl = next(line for line in lines if line.startswith("curl "))
    done = subprocess.run(
        ["sh", "-c", curl],
        cwd=stack.local_dir,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert [task["file_name"] for task in answer["accepted"]] == ["sample.jpg"]
    assert answer["rejected"] == []


def test_the_demo_uses_the_stack_that_answers_and_every_file_ends_as_expected(
    stack: RunningStack,
) -> None:
    port = stack.base_url.rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-m", "local_stack", "demo"],
        env={**whole_environment(), "GATEWAY_PORT": port, "COLUMNS": "120"},
        cwd=stack.local_dir,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SUCCESS") == 4
    assert "broken.png" in done.stdout
    assert "content_mismatch" in done.stdout
    assert "starting the stack" not in done.stdout


def test_an_operator_made_on_this_stack_signs_in_where_the_gateway_leads(
    stack: RunningStack,
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "local_stack", "createsuperuser"],
        env={
            **whole_environment(),
            "LOCAL_DIR": str(stack.local_dir),
            "POSTGRES_PORT": str(stack.processes()["postgres"]["port"]),
            "ADMIN_USERNAME": "ann",
            "ADMIN_PASSWORD": "a password of this test",
        },
        cwd=stack.local_dir,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "ann may sign in now, as superuser.\n"
    assert f"{stack.admin_url}/admin/" in stack.log.read_text()
    with httpx.Client(follow_redirects=True) as browser:
        form = browser.get(f"{stack.base_url}/admin/")
        assert str(form.url) == f"{stack.admin_url}/admin/login"
        token = form.text.partition('name="csrf_token" value="')[2].partition('"')[0]
        fields = {"csrf_token": token, "name": "ann", "password": "a password of this test"}
        page = browser.post(form.url, data={**fields, "next": "/admin/sessions/"})
    assert page.url.path == "/admin/sessions/"
    assert "ann (this one)" in page.text


def test_without_a_stack_there_is_nowhere_to_make_an_operator(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "local_stack", "createsuperuser"],
        env={**whole_environment(), "LOCAL_DIR": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "start it with `make run`" in done.stderr
    assert not list(tmp_path.iterdir())


def test_every_process_of_the_system_is_listed_with_its_ports(stack: RunningStack) -> None:
    processes = stack.processes()

    assert set(processes) == {
        "postgres",
        "redis",
        "ingest-service",
        "status-service",
        "worker",
        "upload-gateway",
        "admin-console",
    }
    assert processes["worker"]["port"] is None
    assert {name for name, entry in processes.items() if entry["metrics_port"] is None} == {
        "postgres",
        "redis",
    }
