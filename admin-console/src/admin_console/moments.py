"""Times as the pages show them."""

from datetime import UTC, datetime


def moment(time: datetime | None) -> str:
    """To the second, in UTC; a hyphen for none."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if time else "-"
