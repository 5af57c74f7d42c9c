"""The CPU of processing beside that of bare loops, measured in turns on one core.

`python -m processing_bench.comparison --rounds 7 --seconds 1`
"""

import argparse
import io
import itertools
import os
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from photo_worker.processing.processing_settings import ProcessingSettings
from processing_bench.bench_photos import BenchPhoto, make_photos
from processing_bench.contenders import (
    BARE_PYVIPS,
    PILLOW,
    PRODUCT,
    Contender,
    contenders,
)
from processing_bench.markdown_table import markdown_table
from processing_bench.worker_settings import worker_settings

# Encoders and resizers differ; a picture that is turned or another one differs by far more.
_MOST_DIFFERENCE = 4.0

_HEAD = (
    "photo",
    "product CPU s/photo",
    "bare pyvips",
    "Pillow",
    "product photos/s",
    "bare pyvips",
    "Pillow",
    "CPU: product / bare",
    "least to most",
    "CPU: product / Pillow",
    "least to most",
)


@dataclass(slots=True)
class _Round:
    """What one round cost each contender for a photo, in seconds a photo."""

    cpu: dict[str, float] = field(default_factory=dict)
    wall: dict[str, float] = field(default_factory=dict)


def compare(settings: ProcessingSettings, rounds: int, seconds: float, only: str = "") -> str:
    """A table of medians over `rounds`, each of about `seconds` for a photo and contender.

    `only` is in the names of the photos that are measured.
    """
    rivals = contenders(settings)
    photos = [photo for photo in make_photos() if only in photo.name]
    for photo in photos:
        _check_alike(photo, rivals)
    # One core for everybody: Pillow and libwebp have threads of their own to begin with.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    measured: dict[str, list[_Round]] = {photo.name: [] for photo in photos}
    for _ in range(rounds):
        for photo in photos:
            measured[photo.name].append(_one_round(photo, rivals, seconds))
    return markdown_table(_HEAD, [_row(name, each) for name, each in measured.items()])


def _one_round(photo: BenchPhoto, rivals: Sequence[Contender], seconds: float) -> _Round:
    cpu = dict.fromkeys((rival.name for rival in rivals), 0.0)
    wall = dict(cpu)
    turns = 0
    ends = time.monotonic() + seconds * len(rivals)
    # In turns, so that what else the machine does hits all; who follows whom changes.
    for order in itertools.cycle(itertools.permutations(rivals)):
        if turns and time.monotonic() >= ends:
            break
        for rival in order:
            wall_started, cpu_started = time.perf_counter(), time.process_time()
            rival.renditions_of(photo)
            cpu[rival.name] += time.process_time() - cpu_started
            wall[rival.name] += time.perf_counter() - wall_started
        turns += 1
    return _Round(
        cpu={name: total / turns for name, total in cpu.items()},
        wall={name: total / turns for name, total in wall.items()},
    )


def _row(name: str, rounds: Sequence[_Round]) -> list[str]:
    names = (PRODUCT, BARE_PYVIPS, PILLOW)
    cpu = [statistics.median(each.cpu[who] for each in rounds) for who in names]
    wall = [statistics.median(each.wall[who] for each in rounds) for who in names]
    cells = [name, *(f"{each:.4f}" for each in cpu), *(f"{1 / each:.1f}" for each in wall)]
    for rival in (BARE_PYVIPS, PILLOW):
        ratios = [each.cpu[PRODUCT] / each.cpu[rival] for each in rounds]
        cells.append(f"{statistics.median(ratios):.2f}")
        cells.append(f"{min(ratios):.2f} to {max(ratios):.2f}")
    return cells


def _check_alike(photo: BenchPhoto, rivals: Sequence[Contender]) -> None:
    """That all make the same pictures; it warms them up as well."""
    expected, *others = (
        [Image.open(io.BytesIO(data)).convert("L") for data in rival.renditions_of(photo)]
        for rival in rivals
    )
    for rival, made in zip(rivals[1:], others, strict=True):
        for ours, theirs in zip(expected, made, strict=True):
            width, height = theirs.size
            if abs(ours.width - width) > 1 or abs(ours.height - height) > 1:
                raise AssertionError(f"{photo.name}: {rival.name} makes {theirs.size}")
            pair = (np.asarray(each.resize((width, height)), np.int16) for each in (ours, theirs))
            difference = float(np.abs(np.subtract(*pair)).mean())
            if difference > _MOST_DIFFERENCE:
                raise AssertionError(f"{photo.name}: {rival.name} differs by {difference:.1f}")


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="processing_bench.comparison")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--seconds", type=float, default=1, help="for a photo and contender in each round"
    )
    parser.add_argument("--only", default="", help="only photos whose name has this in it")
    arguments = parser.parse_args()
    table = compare(
        worker_settings().processing, arguments.rounds, arguments.seconds, arguments.only
    )
    sys.stdout.write(f"{table}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
