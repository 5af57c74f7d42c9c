"""How long a task waits after trouble that may pass."""

from collections.abc import Callable
from datetime import timedelta
from random import SystemRandom

_FIRST = 5.0
_LONGEST = 600.0

_uniform = SystemRandom().uniform


def delay_after(
    postponements: int, uniform: Callable[[float, float], float] = _uniform
) -> timedelta:
    """The pause at that postponement: 5 s doubled each time, at most 10 min, less up to half.

    The jitter keeps tasks that failed together from coming back together. Source:
    https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/.
    """
    longest = min(_LONGEST, _FIRST * 2 ** min(postponements - 1, 16))
    return timedelta(seconds=uniform(longest / 2, longest))
