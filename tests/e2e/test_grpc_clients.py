"""What docs/api.md shows to internal clients, run as it stands there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local_stack.running_stack import RunningStack

_SECTION = (
    (Path(__file__).parents[2] / "docs" / "api.md")
    .read_text("utf-8")
    .split("\n## gRPC for internal clients\n", 1)[1]
    .split("\n## ", 1)[0]
)
_STAND_IN = Path(__file__).with_name("grpcurl_stand_in.py")


def shown(language: str) -> list[str]:
    """The blocks of the section in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", _SECTION, re.MULTILINE | re.DOTALL)


@pytest.fixture
def targets(stack: RunningStack) -> list[str]:
    processes = stack.processes()
    return [f"127.0.0.1:{processes[name]['port']}" for name in ("ingest-service", "status-service")]


@pytest.fixture
def photos(tmp_path: Path, make_picture: Any) -> Path:
    """Two photos, the first of several chunks, and something else."""
    (tmp_path / "a.jpg").write_bytes(make_picture("JPEG", (1600, 1200)))
    assert (tmp_path / "a.jpg").stat().st_size > 2 * 256 * 1024
    (tmp_path / "b.png").write_bytes(make_picture("PNG", (64, 48)))
    (tmp_path / "notes.txt").write_text("no photo")
    return tmp_path


def run(
    command: list[str], folder: Path, variables: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251 - handed on to a child
    return subprocess.run(
        command,
        cwd=folder,
        env=inherited | (variables or {}),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The program of the page."""
    [text] = shown("python")
    path = tmp_path / "upload.py"
    path.write_text(text, "utf-8")
    return path


def test_the_program_uploads_follows_and_asks_for_the_results(
    program: Path, photos: Path, targets: list[str]
) -> None:
    done = run([sys.executable, program, *targets, "alice", "a.jpg", "notes.txt", "b.png"], photos)
    assert (done.returncode, done.stderr) == (0, ""), done
    lines = done.stdout.splitlines()
    assert lines[0] == "notes.txt unsupported_extension"
    assert {"a.jpg TASK_STAGE_DONE", "b.png TASK_STAGE_DONE"} <= set(lines)
    results = sorted(line for line in lines if "TASK_STATUS_SUCCESS" in line)
    assert [result.split()[0] for result in results] == ["a.jpg", "b.png"]
    assert all(result.split()[2].isdigit() for result in results)


def test_the_program_shows_why_it_was_refused(
    program: Path, photos: Path, targets: list[str]
) -> None:
    done = run([sys.executable, program, *targets, "alice", "notes.txt"], photos)
    assert done.returncode == 1
    assert done.stderr == "INVALID_ARGUMENT: No file of the upload is valid.\n"
    assert "no_valid_files" in done.stdout
    assert "unsupported_extension" in done.stdout


def test_the_lines_for_grpcurl_upload_poll_and_watch(photos: Path, targets: list[str]) -> None:
    tools = photos / "bin"
    tools.mkdir()
    grpcurl = tools / "grpcurl"
    grpcurl.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{_STAND_IN}" "$@"\n')
    grpcurl.chmod(0o755)

    def shell(text: str, **variables: str) -> list[dict[str, Any]]:
        for documented, real in zip(("127.0.0.1:50051", "127.0.0.1:50052"), targets, strict=True):
            text = text.replace(documented, real)
        text = f'PATH="{tools}:$PATH"\n' + text
        done = run(["bash", "-euo", "pipefail", "-c", text], photos, variables)
        assert (done.returncode, done.stderr) == (0, ""), done
        return [
            json.loads(each)
            for each in re.findall(r"^{.*?^}", done.stdout, re.MULTILINE | re.DOTALL)
        ]

    upload, ask = shown("sh")
    [receipt] = shell(upload)
    [task] = receipt["tasks"]
    answers = shell(ask, TASK_ID=task["taskId"], BATCH_ID=receipt["batchId"])
    assert answers[0]["task"]["fileName"] == "a.jpg"
    told = [answer["task"]["status"] for answer in answers[1:] if "task" in answer]
    assert told[-1] == "TASK_STATUS_SUCCESS"
