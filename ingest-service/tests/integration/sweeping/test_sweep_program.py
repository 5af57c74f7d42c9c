"""`python -m ingest_service sweep`."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


async def sweep(database_url: str, folder: Path, *arguments: str) -> tuple[int, str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251 - handed on to a child
    settings = {
        "DATABASE_URL": database_url,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "STORAGE_URL": folder.as_uri(),
        "RETENTION_DAYS": "10",
    }
    process = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "ingest_service", "sweep", *arguments],
        env=inherited | settings,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return process.returncode, process.stdout, process.stderr


TOLD = """\
{removed} objects without a row, older than 48 h: 2 originals, 1 renditions, 1 unfinished files
{removed} photos past RETENTION_DAYS: 3, with 3 originals and 3 renditions
{removed} batches without a photo, older than 24 h: 1
{freed} expired idempotency keys: 1
Left alone, names unknown: 1 objects
"""


async def test_the_program_tells_what_it_would_do_and_then_what_it_did(
    database_url: str, store_folder: Path, past: Any
) -> None:
    await past.photo(241, "SUCCESS", files=3)
    await past.original(49)
    await past.original(49)
    await past.rendition(49, past.task_id(49))
    await past.unfinished(49)
    await past.put("originals/notes.txt", 1)
    there = past.keys()

    code, told, log = await sweep(database_url, store_folder, "--dry-run")
    assert (code, told) == (0, TOLD.format(removed="Would remove", freed="Would free")), log
    assert past.keys() == there

    code, told, log = await sweep(database_url, store_folder)
    assert (code, told) == (0, TOLD.format(removed="Removed", freed="Freed")), log
    assert past.keys() == {"originals/notes.txt"}
    assert '"event": "swept"' in log
    assert database_url.split(":")[2].partition("@")[0] not in log


@pytest.mark.usefixtures("past")
async def test_the_program_says_when_the_database_is_away(store_folder: Path) -> None:
    code, told, log = await sweep("postgresql://me:secret@127.0.0.1:1/none", store_folder)
    assert code == 1
    assert told.startswith("Interrupted: the database or the storage does not answer.")
    assert "secret" not in log
