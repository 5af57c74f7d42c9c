"""The disk below the objects is measured when somebody looks."""

import math
import shutil
from pathlib import Path

from prometheus_client import REGISTRY

from ingest_service.storage_space import watch_space


def told() -> tuple[float, float]:
    names = ("photo_storage_free_bytes", "photo_storage_size_bytes")
    free, size = (REGISTRY.get_sample_value(name) for name in names)
    assert free is not None
    assert size is not None
    return free, size


def test_of_a_folder_it_is_what_the_file_system_says(tmp_path: Path) -> None:
    watch_space(tmp_path)
    free, size = told()
    assert 0 < free < size
    assert size == shutil.disk_usage(tmp_path).total


def test_of_a_bucket_nobody_knows(tmp_path: Path) -> None:
    watch_space(tmp_path)
    watch_space(None)
    assert all(math.isnan(value) for value in told())


def test_a_folder_that_is_gone_spoils_no_other_metric(tmp_path: Path) -> None:
    watch_space(tmp_path / "gone")
    assert all(math.isnan(value) for value in told())
