"""The release before: its code out of git, in an environment of its own."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

_ROOT = Path(__file__).parents[3]
_CACHE = _ROOT / ".cache" / "upgrade"
_MIGRATIONS = "libs/photo-records/src/photo_records/migrations/versions"
_GIT_SECONDS = 60
_INSTALL_SECONDS = 600.0
# What was not asked for so long is of another release; a run that goes on has asked since.
_KEPT_SECONDS = 24 * 3600.0


class NoReleaseError(Exception):
    """There is nothing to upgrade from here; the text says why."""


@dataclass(frozen=True, slots=True)
class Release:
    """A version of the whole system; `python` has its code installed."""

    name: str
    python: Path


def previous_release(name: str | None = None) -> Release:
    """The commit of that name; else the newest tag before this code; without any, the commit before
    that of the newest migration.

    Installed the first time it is asked for, and kept for a day after the last. Raises
    NoReleaseError.
    """
    name = name or _newest_tag() or _before_the_newest_migration()
    commit = _git("rev-parse", "--verify", f"{name}^{{commit}}")
    folder = _CACHE / commit
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _unpack(commit, folder)
        os.utime(folder)
        _remove_old()
        _install(folder)
    return Release(name, folder / ".venv" / "bin" / "python")


def _newest_tag() -> str | None:
    try:
        # The tag of the last commit is this code itself, unless that was changed since.
        is_changed = _git("status", "--porcelain", "--untracked-files=no")
        return _git("describe", "--tags", "--abbrev=0", "HEAD" if is_changed else "HEAD^")
    except NoReleaseError:
        return None


def _before_the_newest_migration() -> str:
    newest = max((_ROOT / _MIGRATIONS).glob("[0-9]*.py")).name
    brought = _git("log", "-1", "--diff-filter=A", "--format=%H", "--", f"{_MIGRATIONS}/{newest}")
    # Not committed yet: then the last commit is the release before.
    return _git("rev-parse", "--verify", f"{brought}^" if brought else "HEAD")


def _unpack(commit: str, folder: Path) -> None:
    # Beside it first: what is there is whole.
    with TemporaryDirectory(prefix="unpacked-", dir=_CACHE) as beside:
        archive, unpacked = Path(beside, "archive.tar"), Path(beside, "tree")
        unpacked.mkdir()
        _git("archive", "--format=tar", f"--output={archive}", commit)
        _run(
            f"{commit} cannot be unpacked",
            ["tar", "--extract", "--file", archive],
            unpacked,
            _GIT_SECONDS,
        )
        unpacked.rename(folder)


def _remove_old() -> None:
    for each in _CACHE.iterdir():
        if each.is_dir() and each.stat().st_mtime < time.time() - _KEPT_SECONDS:
            shutil.rmtree(each)


def _install(folder: Path) -> None:
    # What the make of today tells its children is not meant for this one.
    make = ["env", "--unset=MAKEFLAGS", "--unset=MAKELEVEL", "make"]
    _run(
        "the release before cannot be installed",
        [*make, ".venv/.runs", f"PYTHON={sys.executable}"],
        folder,
        _INSTALL_SECONDS,
    )


def _git(*arguments: str) -> str:
    failure = f"git {arguments[0]} finds no release before this one"
    return _run(failure, ["git", *arguments], _ROOT, _GIT_SECONDS).strip()


def _run(failure: str, command: Sequence[str | Path], folder: Path, seconds: float) -> str:
    """What `command` writes; once it is given up, nothing is left of it. Raises NoReleaseError."""
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A group of its own, which ends as a whole.
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise NoReleaseError(f"{failure}: there is no {command[0]}") from error
    with process:
        try:
            written, errors = process.communicate(timeout=seconds)
        except BaseException as error:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise NoReleaseError(f"{failure}: it takes more than {seconds:.0f} s") from error
            raise
    if process.returncode:
        told = errors.strip().splitlines() or ["it says nothing"]
        raise NoReleaseError(f"{failure}: {told[-1]}")
    return written
