"""curl, with the commands of the documentation and as people use it in scripts."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from local_stack.running_stack import RunningStack

_ROOT = Path(__file__).parents[3]
_DOCUMENTED_ADDRESS = "http://127.0.0.1:8000"
UPLOAD = "/api/upload/"
# For every call: the status comes out apart from the answer, unless the call says otherwise.
_SETTINGS = """silent
show-error
noproxy = "*"
max-time = 60
write-out = "%{stderr}%{http_code}"
"""
_LARGE = 3 * 2**20
_WRITE_OUT = '%{stderr}{"headers": %{header_json}, "facts": %{json}}'


@dataclass(frozen=True)
class Answer:
    """What curl got, and what it says of the transfer: facts (--write-out) and a log (-v)."""

    status: int
    headers: dict[str, list[str]]
    body: str
    facts: dict[str, Any]
    log: str


Curl = Callable[..., Answer]


@pytest.fixture
def curl_environment(photos: Path, stack: RunningStack) -> dict[str, str]:
    """Run from `photos` with the stack's folder in it, curl does what the documentation shows."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("curl is not on PATH (apt install curl): it is not tried")
    (photos / ".local").symlink_to(stack.local_dir)
    (photos / ".curlrc").write_text(_SETTINGS, "ascii")
    return {"PATH": f"{Path(program).parent}:/usr/bin:/bin", "CURL_HOME": str(photos)}


@pytest.fixture
def large_photo(photos: Path, jpeg: bytes) -> str:
    """Its name; nobody looks at the bytes behind the end of a picture."""
    (photos / "large.jpg").write_bytes(jpeg + bytes(_LARGE))
    return "large.jpg"


@pytest.fixture
def curl(photos: Path, curl_environment: dict[str, str], key_file: Path) -> Curl:
    """Calls curl with the stack's API key, or another."""

    def call(*arguments: str, key: str | None = None) -> Answer:
        header = photos / "authorization"
        header.write_text(f"Authorization: Bearer {key or key_file.read_text('ascii')}", "ascii")
        done = subprocess.run(
            ["curl", "-v", "-H", f"@{header}", "-w", _WRITE_OUT, *arguments],
            check=False,
            cwd=photos,
            env=curl_environment,
            capture_output=True,
            text=True,
            timeout=90,
        )
        log, mark, told = done.stderr.rpartition('{"headers": ')
        written = json.loads(mark + told)
        facts = written["facts"]
        return Answer(facts["http_code"], written["headers"], done.stdout, facts, log)

    return call


def documented_commands() -> list[str]:
    """Every call of curl in README.md and docs."""
    commands = []
    for page in [_ROOT / "README.md", *sorted((_ROOT / "docs").glob("*.md"))]:
        for block in re.findall(
            r"^```sh\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
        ):
            lines = block.replace("\\\n", " ").splitlines()
            commands += [line for line in lines if line.startswith("curl ")]
    return commands


@pytest.mark.parametrize("command", documented_commands())
def test_every_curl_command_of_the_documentation_works_as_it_stands(
    command: str,
    stack: RunningStack,
    http: httpx.Client,
    photos: Path,
    jpeg: bytes,
    curl_environment: dict[str, str],
) -> None:
    receipt = http.post("/api/upload/", files={"images": ("a.jpg", jpeg)}).json()
    known = {"BATCH_ID": receipt["batch_id"], "TASK_ID": receipt["task_ids"][0]}
    assert _DOCUMENTED_ADDRESS in command
    done = subprocess.run(
        ["bash", "-c", command.replace(_DOCUMENTED_ADDRESS, stack.base_url)],
        check=False,
        cwd=photos,
        env={**curl_environment, **known},
        capture_output=True,
        text=True,
        timeout=90,
    )
    # 304: the task may stand by now as the documented tag says.
    assert (done.returncode, done.stderr) in {(0, "200"), (0, "202"), (0, "304")}


def test_curl_uploads_polls_and_asks_again_only_for_what_changed(
    curl: Curl, stack: RunningStack
) -> None:
    answer = curl(
        *("--http1.1", "-F", "images=@photo.jpg", "-F", "images=@notes.txt"),
        *("-F", "images=@second.jpg;type=application/octet-stream;filename=фото.jpg"),
        stack.base_url + UPLOAD,
    )
    assert answer.status == 202
    receipt = json.loads(answer.body)
    assert answer.headers["location"] == [f"/api/batches/{receipt['batch_id']}"]
    assert [task["file_name"] for task in receipt["accepted"]] == ["photo.jpg", "фото.jpg"]
    assert [file["file_name"] for file in receipt["rejected"]] == ["notes.txt"]

    address = f"{stack.base_url}/api/task-status/{receipt['task_ids'][0]}"
    tag = ""
    while True:
        answer = curl("-H", "Prefer: wait=20", "-H", f"If-None-Match: {tag}", address)
        [tag] = answer.headers["etag"]
        if answer.status == 200 and json.loads(answer.body)["status"] != "PENDING":
            break
    assert json.loads(answer.body)["status"] == "SUCCESS"
    unchanged = curl("-H", f"If-None-Match: {tag}", address)
    assert (unchanged.status, unchanged.body) == (304, "")


def test_curl_follows_the_events_of_a_batch_until_the_stream_ends_by_itself(
    curl: Curl, stack: RunningStack
) -> None:
    uploaded = curl("-F", "images=@photo.jpg", stack.base_url + UPLOAD)
    batch_id = json.loads(uploaded.body)["batch_id"]
    answer = curl("-N", f"{stack.base_url}/api/events?batch_id={batch_id}")
    assert answer.facts["exitcode"] == 0
    events = answer.body.strip().split("\n\n")
    assert "event: done" in events[-1].splitlines()
    totals = {"PENDING": 0, "SUCCESS": 1, "FAILURE": 0}
    assert json.loads(events[-1].partition("data: ")[2])["totals"] == totals


def test_curl_sends_the_body_only_after_it_was_told_to_go_on(
    curl: Curl, stack: RunningStack, large_photo: str
) -> None:
    # From 1 MiB on curl asks by itself.
    large = ("--http1.1", "--expect100-timeout", "60", "-F", f"images=@{large_photo}")
    taken = curl(*large, stack.base_url + UPLOAD)
    assert (taken.status, taken.facts["http_version"]) == (202, "1.1")
    assert taken.log.index("> Expect: 100-continue") < taken.log.index("< HTTP/1.1 100 Continue")
    assert taken.facts["size_upload"] >= _LARGE
    refused = curl(*large, stack.base_url + UPLOAD, key="photo_unknown")
    assert (refused.status, json.loads(refused.body)["code"]) == (401, "invalid_api_key")
    assert refused.facts["size_upload"] == 0


def test_an_upload_whose_answer_was_lost_is_repeated_by_curl_and_counts_once(
    curl: Curl, stack: RunningStack, network: Any
) -> None:
    upload = ["-F", "images=@photo.jpg", "-F", "images=@notes.txt"]
    upload += ["-H", "Idempotency-Key: curl-1", "--retry", "3", "--retry-all-errors"]
    network.lose_next_answer()
    repeated = curl(*upload, network.base_url + UPLOAD)
    assert repeated.status == 202
    assert len(network.heads) == 2
    again = curl(*upload, stack.base_url + UPLOAD)
    assert (again.status, again.body) == (202, repeated.body)


def test_an_upload_that_broke_off_can_be_sent_again(
    curl: Curl, stack: RunningStack, large_photo: str
) -> None:
    upload = ["-F", f"images=@{large_photo}", "-H", "Idempotency-Key: curl-2"]
    broken = curl(*upload, "--limit-rate", "100K", "--max-time", "1", stack.base_url + UPLOAD)
    assert broken.facts["exitcode"] == 28
    assert broken.facts["size_upload"] < _LARGE
    first = curl(*upload, stack.base_url + UPLOAD)
    second = curl(*upload, stack.base_url + UPLOAD)
    assert (first.status, second.status) == (202, 202)
    assert first.body == second.body
