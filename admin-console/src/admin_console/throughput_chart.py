"""What ended over a window of time, as bars of an SVG that templates draw."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from photo_records.service_overview import Throughput, ThroughputStep

WIDTH = 600
HEIGHT = 120
_GAP = 1.0
# Steps between two labels below the bars: of an hour in minutes, of a day in hours.
_LABELS = 6


@dataclass(frozen=True, slots=True)
class Bar:
    """What ended in one step; coordinates in the SVG, the origin at its upper left."""

    x: float
    width: float
    succeeded_y: float
    succeeded_height: float
    # Failures stand on the successes.
    failed_y: float
    failed_height: float
    title: str


@dataclass(frozen=True, slots=True)
class ThroughputChart:
    """The bars, and what of them is worth words."""

    bars: tuple[Bar, ...]
    # Times below the bars, in even distances.
    labels: tuple[str, ...]
    # The most that ended in one step: the height of the chart.
    most: int
    succeeded: int
    failed: int
    width: int = WIDTH
    height: int = HEIGHT


def draw_throughput(told: Throughput) -> ThroughputChart:
    """The chart of what ended: a bar for each step, the oldest on the left."""
    steps = told.steps
    most = max((step.succeeded + step.failed for step in steps), default=0)
    slot = WIDTH / max(1, len(steps))
    return ThroughputChart(
        bars=tuple(
            _bar(step, told.step, number * slot, slot, most) for number, step in enumerate(steps)
        ),
        labels=_labels(steps),
        most=most,
        succeeded=sum(step.succeeded for step in steps),
        failed=sum(step.failed for step in steps),
    )


def _bar(step: ThroughputStep, length: timedelta, x: float, slot: float, most: int) -> Bar:
    scale = HEIGHT / most if most else 0.0
    succeeded, failed = step.succeeded * scale, step.failed * scale
    return Bar(
        x=round(x + _GAP / 2, 2),
        width=round(max(slot - _GAP, _GAP), 2),
        succeeded_y=round(HEIGHT - succeeded, 2),
        succeeded_height=round(succeeded, 2),
        failed_y=round(HEIGHT - succeeded - failed, 2),
        failed_height=round(failed, 2),
        title=f"{_span(step.start, length)}: {step.succeeded} succeeded, {step.failed} failed",
    )


def _labels(steps: Sequence[ThroughputStep]) -> tuple[str, ...]:
    return tuple(f"{step.start:%H:%M}" for step in steps[:: max(1, len(steps) // _LABELS)])


def _span(start: datetime, length: timedelta) -> str:
    return f"{start:%H:%M} to {start + length:%H:%M} UTC"
