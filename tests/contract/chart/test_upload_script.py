"""What `helm test` runs, against a whole stack."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_stack.running_stack import RunningStack, temporary_stack

_SCRIPT = Path(__file__).parents[3] / "deploy/helm/photo-uploading-service/files/upload_a_photo.py"


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    with temporary_stack({"AUTH": "required"}) as running:
        yield running


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        # Without what is installed: the image of the gateway need not have it.
        [sys.executable, "-I", "-S", str(_SCRIPT), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_it_uploads_a_photo_and_waits_for_its_success(stack: RunningStack) -> None:
    done = run(stack.base_url, str(stack.local_dir / "api-key"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"status": "SUCCESS"' in done.stdout


def test_without_a_key_where_one_is_needed_it_says_which_value_names_one(
    stack: RunningStack,
) -> None:
    done = run(stack.base_url)
    assert done.returncode == 1
    assert "test.apiKeySecret" in done.stdout
    assert not done.stderr


def test_the_pod_runs_it_with_the_key_that_was_named(render: Any) -> None:
    pod = render("production").named("Pod", "photos-test-upload")
    (container,) = pod["spec"]["containers"]
    script = render("production").named("ConfigMap", "photos-test-script")
    assert script["data"]["upload_a_photo.py"].strip() == _SCRIPT.read_text("utf-8").strip()
    assert container["command"][2:] == [
        "http://photos-gateway.studio.svc",
        "/etc/test-key/api-key",
    ]
