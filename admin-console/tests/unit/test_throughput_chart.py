"""The bars of the front page."""

from datetime import UTC, datetime, timedelta

from admin_console.throughput_chart import HEIGHT, WIDTH, draw_throughput
from photo_domain.failure import FailureCode
from photo_records.service_overview import Throughput, ThroughputStep

START = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)


def told(*counts: tuple[int, int]) -> Throughput:
    minute = timedelta(minutes=1)
    return Throughput(
        looked_at=START,
        step=minute,
        steps=tuple(
            ThroughputStep(START + number * minute, *each) for number, each in enumerate(counts)
        ),
        failures=((FailureCode.TIMEOUT, 1),),
    )


def test_the_highest_bar_fills_the_chart_and_failures_stand_on_successes() -> None:
    chart = draw_throughput(told((3, 1), (0, 0), (1, 1)))
    first, second, third = chart.bars
    assert (first.failed_y, first.succeeded_y + first.succeeded_height) == (0, HEIGHT)
    assert first.failed_height + first.succeeded_height == HEIGHT
    assert second.succeeded_height == second.failed_height == 0
    assert third.failed_y + third.failed_height == third.succeeded_y
    assert (chart.succeeded, chart.failed, chart.most) == (4, 2, 4)
    assert first.title == "17:00 to 17:01 UTC: 3 succeeded, 1 failed"


def test_bars_lie_side_by_side_within_the_chart() -> None:
    chart = draw_throughput(told(*[(1, 0)] * 60))
    rights = [bar.x + bar.width for bar in chart.bars]
    assert all(right <= bar.x + 0.02 for right, bar in zip(rights, chart.bars[1:], strict=False))
    assert chart.bars[0].x >= 0
    assert rights[-1] <= WIDTH
    assert chart.labels[:2] == ("17:00", "17:10")
    assert len(chart.labels) == 6


def test_a_window_without_anything_has_bars_without_height() -> None:
    chart = draw_throughput(told((0, 0), (0, 0)))
    assert chart.most == 0
    assert {bar.succeeded_height for bar in chart.bars} == {0.0}
    assert draw_throughput(told()).bars == ()
