"""How often one visitor may ask, and how much they may send, at this replica.

Fixed windows that begin with a visitor's first request. The fields follow
draft-ietf-httpapi-ratelimit-headers-10.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from upload_gateway.api_key_file import KeyLimits

# MemoryStorage looks through all its counters many times a second. Whoever has so many addresses
# is not stopped by limits of each.
_MOST_COUNTERS = 20_000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Usage:
    """How a request was counted: the fields of its answer, and for how many seconds it is refused.

    `retry_after` is None where it is not.
    """

    fields: Mapping[str, str]
    retry_after: int | None


@dataclass(frozen=True, slots=True)
class _Policy:
    name: str
    unit: str
    limit: RateLimitItem

    @property
    def field(self) -> str:
        unit = f';qu="{self.unit}"' if self.unit else ""
        return f'"{self.name}";q={self.limit.amount}{unit};w={self.limit.get_expiry()}'


class RateLimits:
    """Counts requests a minute and their bytes an hour; 0 is no limit."""

    def __init__(self, requests_per_minute: int, upload_bytes_per_hour: int) -> None:
        self._requests_per_minute = requests_per_minute
        self._upload_bytes_per_hour = upload_bytes_per_hour
        self._storage = MemoryStorage()
        self._windows = FixedWindowRateLimiter(self._storage)

    def count(self, visitor: str, size: int | None, own: KeyLimits) -> Usage:
        """Count a request with a body of `size` bytes (None if it does not say), or refuse it.

        `own` are limits of the visitor in place of those of all. A body that is larger than the
        whole limit passes in a window without other bytes: it could never be sent otherwise.
        """
        self._stay_small()
        policies = self._policies(own)
        waits: list[int] = []
        for policy in policies:
            cost = _cost(policy, size)
            if cost and not self._windows.test(
                policy.limit, visitor, cost=min(cost, policy.limit.amount)
            ):
                waits.append(max(1, self._state(policy, visitor)[1]))
        if not waits:
            for policy in policies:
                if cost := _cost(policy, size):
                    self._windows.hit(policy.limit, visitor, cost=cost)
        return Usage(self._fields(policies, visitor), max(waits) if waits else None)

    def count_bytes(self, visitor: str, size: int, own: KeyLimits) -> None:
        """Count bytes of a body that did not say how many they are; only later ones are refused."""
        for policy in self._policies(own):
            if policy.unit:
                self._windows.hit(policy.limit, visitor, cost=size)

    def _policies(self, own: KeyLimits) -> list[_Policy]:
        requests = own.requests_per_minute or self._requests_per_minute
        size = own.upload_bytes_per_hour or self._upload_bytes_per_hour
        found = []
        if requests:
            found.append(_Policy("requests", "", RateLimitItemPerMinute(requests)))
        if size:
            found.append(_Policy("bytes", "content-bytes", RateLimitItemPerHour(size)))
        return found

    def _fields(self, policies: list[_Policy], visitor: str) -> dict[str, str]:
        if not policies:
            return {}
        states = []
        for policy in policies:
            left, seconds = self._state(policy, visitor)
            states.append(f'"{policy.name}";r={left}' + (f";t={seconds}" if seconds else ""))
        return {
            "RateLimit-Policy": ", ".join(policy.field for policy in policies),
            "RateLimit": ", ".join(states),
        }

    def _state(self, policy: _Policy, visitor: str) -> tuple[int, int]:
        """What is left, and in how many seconds all of it is back."""
        state = self._windows.get_window_stats(policy.limit, visitor)
        return state.remaining, max(0, math.ceil(state.reset_time - time.time()))

    def _stay_small(self) -> None:
        if len(self._storage.storage) >= _MOST_COUNTERS:
            _log.warning("rate_limits_forgotten", counters=len(self._storage.storage))
            self._storage.reset()


def _cost(policy: _Policy, size: int | None) -> int:
    # A body of unknown size needs room for a byte; the others count when they come.
    return 1 if not policy.unit or size is None else size
