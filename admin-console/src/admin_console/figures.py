"""Numbers as the pages show them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def byte_count(number: int) -> str:
    """In the largest unit of 1,000 that leaves a number before the point."""
    value = float(number)
    for unit in _UNITS:
        if value < 1000 or unit == _UNITS[-1]:
            break
        value /= 1000
    if unit == "B":
        return f"{number} B"
    return f"{value:.{1 if value < 100 else 0}f} {unit}"


def count(number: int) -> str:
    """With a comma at the thousands."""
    return f"{number:,}"


def at_most(number: int, most: int) -> str:
    """The same for what was counted only so far."""
    return f"more than {most:,}" if number > most else count(number)


def duration(length: timedelta | float) -> str:
    """From milliseconds to days, in one or two units; a number is in seconds."""
    seconds = length.total_seconds() if isinstance(length, timedelta) else float(length)
    if seconds < 1:
        return f"{max(0.0, seconds) * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    for size, unit, smaller_size, smaller in (
        (86_400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if seconds >= size:
            whole, rest = divmod(int(seconds), size)
            small = rest // smaller_size
            return f"{whole} {unit} {small} {smaller}" if small else f"{whole} {unit}"
    raise AssertionError("unreachable: from 60 s on a unit fits")


def age(time: datetime) -> str:
    """How long ago that was."""
    return duration(datetime.now(UTC) - time)


def details(told: Mapping[str, Any]) -> str:
    """What a line of the audit log or a camera tells besides: `name: value, …`."""
    return ", ".join(f"{name}: {_told(value)}" for name, value in told.items()) or "-"


def _told(value: Any) -> str:
    return f"({details(value)})" if isinstance(value, Mapping) else str(value)
