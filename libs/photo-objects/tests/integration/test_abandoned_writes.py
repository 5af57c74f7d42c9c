import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import obstore
import pytest

from photo_objects.abandoned_writes import AbandonedWrites

SOON = datetime.now(UTC) + timedelta(days=1)


async def test_what_a_killed_writer_left_goes_and_objects_stay(
    file_store: Any, tmp_path: Path
) -> None:
    writer = obstore.open_writer_async(file_store, "originals/day/killed", buffer_size=1024)
    await writer.write(b"1" * 5_000)
    obstore.put(file_store, "originals/day/whole", b"1")
    left = [name for _, _, names in os.walk(tmp_path / "objects") for name in names]
    assert sorted(left) == ["killed#1", "whole"]

    abandoned = AbandonedWrites(file_store)
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    assert await abandoned.remove("originals", hour_ago, dry_run=False) == 0
    assert await abandoned.remove("renditions", SOON, dry_run=False) == 0
    assert await abandoned.remove("originals", SOON, dry_run=True) == 1
    assert await abandoned.remove("originals", SOON, dry_run=False) == 1

    left = [name for _, _, names in os.walk(tmp_path / "objects") for name in names]
    assert left == ["whole"]


@pytest.mark.usefixtures("fake_s3")
async def test_other_stores_have_none(s3_store: Any) -> None:
    assert await AbandonedWrites(s3_store).remove("originals", SOON, dry_run=False) == 0
