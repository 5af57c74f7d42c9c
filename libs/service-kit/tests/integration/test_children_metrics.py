"""The metrics of a pool whose processes come and go."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from service_kit import children_metrics
from service_kit.children_metrics import ChildrenCollector

_CHILD = """
import os, sys
os.environ["PROMETHEUS_MULTIPROC_DIR"] = sys.argv[1]
from prometheus_client import Counter, Gauge, Histogram
Counter("seen", "Seen", ["what"]).labels("photo").inc(2)
Histogram("took", "Took", buckets=(1, 2)).observe(1.5)
Gauge("size", "Size", multiprocess_mode="max").set(int(sys.argv[2]))
sys.stdout.write("ready"); sys.stdout.flush()
sys.stdin.read()
"""
_DEAD = 3

Started = subprocess.Popen[str]


def start(folder: Path, size: int) -> Started:
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(folder), str(size)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout
    assert child.stdout.read(5) == "ready"
    return child


def end(child: Started) -> None:
    child.communicate(timeout=30)


@pytest.fixture
def told(tmp_path: Path) -> Callable[[], dict[tuple[str, str], float]]:
    """What a scrape tells, by name and the value of the only label."""
    collector = ChildrenCollector(tmp_path)

    def scrape() -> dict[tuple[str, str], float]:
        return {
            (sample.name, "".join(sample.labels.values())): sample.value
            for metric in collector.collect()
            for sample in metric.samples
        }

    return scrape


def test_what_processes_that_are_gone_counted_stays_and_their_files_do_not(
    tmp_path: Path,
    told: Callable[[], dict[tuple[str, str], float]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(children_metrics, "_MOST_DEAD", _DEAD - 1)
    lives = start(tmp_path, 1)
    try:
        # More than once: what was gathered goes on growing.
        for number in (1, 2):
            for child in [start(tmp_path, 10 * number) for _ in range(_DEAD)]:
                end(child)
            for _scrape in range(2):
                values = told()
                processes = 1 + number * _DEAD
                assert values["seen_total", "photo"] == 2 * processes
                assert values["took_bucket", "1.0"] == 0
                assert values["took_bucket", "2.0"] == processes
                assert values["took_count", ""] == processes
                assert values["took_sum", ""] == 1.5 * processes
                assert values["size", ""] == 10 * number
            kept = {f"_{lives.pid}.db", "_gone.db"}
            assert {file.name for file in tmp_path.iterdir()} == {
                kind + end for kind in ("counter", "histogram", "gauge_max") for end in kept
            }
    finally:
        end(lives)


def test_the_files_of_a_few_dead_processes_are_left_alone(
    tmp_path: Path, told: Callable[[], dict[tuple[str, str], float]]
) -> None:
    child = start(tmp_path, 1)
    end(child)
    assert told()["seen_total", "photo"] == 2
    assert tmp_path.joinpath(f"counter_{child.pid}.db").exists()


def test_a_process_that_died_before_it_counted_is_no_trouble(
    tmp_path: Path,
    told: Callable[[], dict[tuple[str, str], float]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(children_metrics, "_MOST_DEAD", 0)
    child = start(tmp_path, 1)
    end(child)
    os.truncate(tmp_path / f"counter_{child.pid}.db", 0)
    values = told()
    assert values["took_count", ""] == 1
    assert ("seen_total", "photo") not in values
