"""Task ids: UUIDv7 (RFC 9562 5.7), made by whoever stores the file."""

import os
import time
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

MAX_AGE = timedelta(hours=6)
# Clocks of two machines may differ by this much.
MAX_CLOCK_SKEW = timedelta(minutes=5)


def new_task_id() -> UUID:
    """A fresh id with 74 random bits from the system's generator: it cannot be guessed."""
    random_bits = int.from_bytes(os.urandom(10))
    value = (time.time_ns() // 1_000_000) << 80 | 0x7 << 76 | (random_bits >> 68 & 0xFFF) << 64
    return UUID(int=value | 0b10 << 62 | random_bits & (1 << 62) - 1)


def parse_task_id(text: str) -> UUID | None:
    """The id that `text` spells in its canonical form (36 characters), else None."""
    try:
        task_id = UUID(text)
    except ValueError:
        return None
    return task_id if str(task_id) == text.lower() else None


def birth_of(task_id: UUID) -> datetime:
    """When the id was made, in UTC, to the millisecond."""
    return datetime.fromtimestamp((task_id.int >> 80) / 1000, UTC)


def is_task_id(task_id: UUID) -> bool:
    """Whether the id is a UUIDv7 with a time that the calendar knows, of whatever age."""
    if task_id.version != 7 or task_id.variant != RFC_4122:
        return False
    try:
        birth_of(task_id)
    except (OverflowError, ValueError, OSError):
        return False
    return True


def refuse_task_id(task_id: UUID, now: datetime) -> str | None:
    """Why a new file may not carry this id at `now`, or None if it may."""
    if not is_task_id(task_id):
        return "must be a UUIDv7 (RFC 9562)"
    age = now - birth_of(task_id)
    if age > MAX_AGE:
        return f"is older than {MAX_AGE}"
    if age < -MAX_CLOCK_SKEW:
        return "carries a time in the future"
    return None
