from datetime import timedelta
from pathlib import Path

import pytest

from photo_worker.celery_app import make_celery_app
from photo_worker.retry_delay import delay_after
from photo_worker.settings import WorkerSettings, prepare_metrics_folder
from service_kit.settings import load_settings

REQUIRED = {
    "database_url": "postgresql://photo:secret@127.0.0.1:5432/photo",
    "redis_url": "redis://:secret@127.0.0.1:6379/0",
    "storage_url": "file:///tmp/objects",
}


def test_a_claim_outlives_the_time_limit_and_the_message_outlives_the_claim() -> None:
    settings = load_settings(WorkerSettings, REQUIRED | {"task_time_limit_seconds": 300})
    assert settings.lease == timedelta(seconds=315)
    options = make_celery_app(settings).conf.broker_transport_options
    assert options["visibility_timeout"] > settings.lease.total_seconds()


def test_the_memory_of_a_process_is_set_in_bytes() -> None:
    settings = load_settings(WorkerSettings, REQUIRED | {"worker_process_memory_bytes": 2**30})
    # What a process starts with and half of it; Celery counts in KiB.
    assert make_celery_app(settings).conf.worker_max_memory_per_child == 2**17 + 2**19


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"visibility_timeout_seconds": 120}, "VISIBILITY_TIMEOUT_SECONDS"),
        ({"database_url": "mysql://secret@host/db"}, "DATABASE_URL"),
        ({"redis_url": "http://secret@host"}, "REDIS_URL"),
        ({"worker_concurrency": 0}, "WORKER_CONCURRENCY"),
        ({"task_time_limit_seconds": 0}, "TASK_TIME_LIMIT_SECONDS"),
        ({"worker_process_memory_bytes": 1000}, "WORKER_PROCESS_MEMORY_BYTES"),
        ({"renditions": "preview:0"}, "RENDITIONS"),
        ({"webp_effort": 7}, "WEBP_EFFORT"),
        ({"max_pages": 0}, "MAX_PAGES"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_its_name_and_without_its_value(
    wrong: dict[str, object], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        load_settings(WorkerSettings, REQUIRED | wrong)
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{named}: ")
    assert "secret" not in line


def test_a_passwords_place_is_not_the_settings_text() -> None:
    assert "secret" not in repr(load_settings(WorkerSettings, REQUIRED))


def test_the_metrics_folder_is_emptied_of_metrics_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "restored afterwards")
    (tmp_path / "counter_1.db").write_bytes(b"")
    (tmp_path / "letter.txt").write_text("keep")
    with prepare_metrics_folder(tmp_path) as folder:
        assert folder == tmp_path
        assert [file.name for file in folder.iterdir()] == ["letter.txt"]


def test_a_temporary_metrics_folder_is_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "restored afterwards")
    with prepare_metrics_folder(None) as folder:
        assert folder.is_dir()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("postponements", "longest"), [(1, 5), (2, 10), (3, 20), (7, 320), (8, 600), (10_000, 600)]
)
def test_the_pause_doubles_up_to_ten_minutes(postponements: int, longest: int) -> None:
    assert delay_after(postponements, uniform=max) == timedelta(seconds=longest)
    assert delay_after(postponements, uniform=min) == timedelta(seconds=longest / 2)
    assert (
        timedelta(seconds=longest / 2) <= delay_after(postponements) <= timedelta(seconds=longest)
    )
