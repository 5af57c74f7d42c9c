"""How long a process that died waits for its next start."""

_FIRST_SECONDS = 0.2
_LONGEST_SECONDS = 10.0
_STEADY_SECONDS = 30.0


class RestartBackoff:
    """0.2 s, doubled with each quick death up to 10 s, afresh after 30 s of life."""

    def __init__(self) -> None:
        self._next = _FIRST_SECONDS

    def delay_after(self, uptime: float) -> float:
        """Seconds to wait after a process that lived for `uptime` seconds."""
        if uptime >= _STEADY_SECONDS:
            self._next = _FIRST_SECONDS
        delay = self._next
        self._next = min(self._next * 2, _LONGEST_SECONDS)
        return delay
