"""The release before: its code out of git, in an environment of its own."""

import fcntl
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parents[3]
_CACHE = _ROOT / ".cache" / "upgrade"
_MIGRATIONS = "libs/photo-records/src/photo_records/migrations/versions"
_GIT_SECONDS = 60
_INSTALL_SECONDS = 600


class NoReleaseError(Exception):
    """There is nothing to upgrade from here; the text says why."""


@dataclass(frozen=True, slots=True)
class Release:
    """A version of the whole system; `python` has its code installed."""

    name: str
    python: Path


def previous_release() -> Release:
    """The newest tag; without any, the commit before the one that brought the newest migration.

    Installed the first time it is asked for, and kept. Raises NoReleaseError.
    """
    name = _newest_tag() or _before_the_newest_migration()
    commit = _git("rev-parse", "--verify", f"{name}^{{commit}}")
    folder = _CACHE / commit
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "Makefile").exists():
            _unpack(commit, folder)
        _install(folder)
    return Release(name, folder / ".venv" / "bin" / "python")


def _newest_tag() -> str | None:
    try:
        return _git("describe", "--tags", "--abbrev=0")
    except NoReleaseError:
        return None


def _before_the_newest_migration() -> str:
    newest = max((_ROOT / _MIGRATIONS).glob("[0-9]*.py")).name
    brought = _git("log", "-1", "--diff-filter=A", "--format=%H", "--", f"{_MIGRATIONS}/{newest}")
    # Not committed yet: then the last commit is the release before.
    return _git("rev-parse", "--verify", f"{brought}^" if brought else "HEAD")


def _unpack(commit: str, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    archive = subprocess.Popen(
        ["git", "archive", commit], cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with archive:
        done = subprocess.run(
            ["tar", "--extract", "--directory", folder],
            stdin=archive.stdout,
            check=False,
            capture_output=True,
            timeout=_GIT_SECONDS,
        )
    if archive.returncode or done.returncode:
        (folder / "Makefile").unlink(missing_ok=True)
        raise NoReleaseError(f"{commit} cannot be unpacked")


def _install(folder: Path) -> None:
    try:
        subprocess.run(
            # What the make of today tells its children is not meant for this one.
            [
                *("env", "--unset=MAKEFLAGS", "--unset=MAKELEVEL"),
                *("make", ".venv/.runs", f"PYTHON={sys.executable}"),
            ],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
            timeout=_INSTALL_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        told = error.stderr.strip().splitlines() or ["it says nothing"]
        raise NoReleaseError(f"the release before cannot be installed: {told[-1]}") from error


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=_ROOT,
            check=True,
            capture_output=True,
            text=True,
            timeout=_GIT_SECONDS,
        )
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        raise NoReleaseError(f"git {arguments[0]} finds no release before this one") from error
    return done.stdout.strip()
