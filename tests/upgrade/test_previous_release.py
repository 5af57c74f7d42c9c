"""What the upgrade starts from: found in git, unpacked as a whole, installed in time."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from release_upgrade import previous_release as module
from release_upgrade.previous_release import NoReleaseError, previous_release

MIGRATIONS = "libs/photo-records/src/photo_records/migrations/versions"
INSTALLS = """.venv/.runs:
	@mkdir -p .venv/bin && cp version .venv/bin/python && touch $@
"""
HANGS = """.venv/.runs:
	@sleep 600 & echo $$! > started && wait
"""
Commit = Callable[..., None]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in git whose Makefile installs a python that holds its version."""
    if not shutil.which("git"):
        pytest.skip("git is missing: THE RELEASE BEFORE IS NOT LOOKED FOR")
    # A hook of git runs with those of the repository that is committed to.
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ann")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ann@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    root = tmp_path / "project"
    (root / MIGRATIONS).mkdir(parents=True)
    monkeypatch.setattr(module, "_ROOT", root)
    monkeypatch.setattr(module, "_CACHE", tmp_path / "cache")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True, timeout=60)
    return root


@pytest.fixture
def commit(project: Path) -> Commit:
    """Commits a version, which may bring a migration and have a tag."""

    def make(version: str, *, migration: str = "", tag: str = "", makefile: str = INSTALLS) -> None:
        (project / "version").write_text(version, "ascii")
        (project / "Makefile").write_text(makefile, "ascii")
        if migration:
            (project / MIGRATIONS / f"{migration}.py").touch()
        commands = [["add", "."], ["commit", "-q", "-m", version], *([["tag", tag]] if tag else [])]
        for command in commands:
            subprocess.run(["git", *command], cwd=project, check=True, timeout=60)

    return make


def _runs(process: int) -> bool:
    try:
        # Whoever adopted it may be slow to bury it.
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _installed() -> str:
    return previous_release().python.read_text("ascii")


def test_a_release_can_be_named(commit: Commit) -> None:
    commit("1", migration="0001", tag="v1")
    commit("2", migration="0002", tag="v2")
    commit("3")
    release = previous_release("v1")
    assert (release.name, release.python.read_text("ascii")) == ("v1", "1")


def test_it_is_the_newest_tag_and_not_that_of_this_code_itself(
    project: Path, commit: Commit
) -> None:
    commit("one", tag="v1")
    commit("two", tag="v2")
    assert (previous_release().name, _installed()) == ("v1", "one")
    (project / "version").write_text("what becomes three", "ascii")
    assert (previous_release().name, _installed()) == ("v2", "two")
    commit("three")
    assert (previous_release().name, _installed()) == ("v2", "two")


@pytest.mark.parametrize("tag", ["", "v1"])
def test_without_a_tag_before_it_is_what_was_there_before_the_newest_migration(
    commit: Commit, tag: str
) -> None:
    commit("one", migration="0001")
    commit("two")
    commit("three", migration="0002")
    commit("four", tag=tag)
    assert _installed() == "two"


def test_without_history_there_is_none(commit: Commit) -> None:
    commit("one", migration="0001")
    with pytest.raises(NoReleaseError):
        previous_release()


def test_what_was_unpacked_in_part_is_not_taken_for_the_whole(
    commit: Commit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit("one", tag="v1")
    commit("two")
    broken = tmp_path / "bin" / "tar"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\ntouch Makefile\necho no space >&2\nexit 2\n", "ascii")
    broken.chmod(0o755)
    with monkeypatch.context() as patched:
        patched.setenv("PATH", str(broken.parent), prepend=os.pathsep)
        with pytest.raises(NoReleaseError, match="cannot be unpacked: no space"):
            previous_release()
    assert _installed() == "one"


async def test_what_cannot_be_installed_in_time_is_ended_as_a_whole(
    commit: Commit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit("one", tag="v1", makefile=HANGS)
    commit("two")
    monkeypatch.setattr(module, "_INSTALL_SECONDS", 3)
    with pytest.raises(NoReleaseError, match="cannot be installed: it takes more than 3 s"):
        previous_release()
    (started,) = (tmp_path / "cache").glob("*/started")
    left = int(started.read_text("ascii"))
    async with asyncio.timeout(10):
        while _runs(left):  # noqa: ASYNC110 - nobody tells its end to others
            await asyncio.sleep(0.01)


def test_environments_that_nobody_asked_for_in_a_day_are_removed(
    commit: Commit, tmp_path: Path
) -> None:
    commit("one", tag="v1")
    commit("two", tag="v2")
    used = previous_release().python.parents[2]
    old, recent = tmp_path / "cache" / "old", tmp_path / "cache" / "recent"
    for folder in (old, recent):
        (folder / ".venv").mkdir(parents=True)
    for folder in (old, used):
        os.utime(folder, (0, 0))
    assert _installed() == "one"
    assert not old.exists()
    assert recent.exists()
