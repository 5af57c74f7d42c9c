"""`Prefer: wait=N` (RFC 7240 4.3): how long a client would wait for an answer with news."""

from collections.abc import Sequence
from urllib.request import parse_http_list

# The longest wait, in seconds: below what proxies allow an answer to take.
MAX_WAIT_SECONDS = 30
# Whatever is longer is no preference that anybody needs.
_MAX_CHARACTERS = 1_000


def preferred_wait(headers: Sequence[str]) -> int | None:
    """The seconds that the client wants to wait, at most 30; None without a valid preference.

    Other preferences and parameters are ignored; of several waits the first counts (RFC 7240 2).
    """
    joined = ", ".join(headers)
    if len(joined) > _MAX_CHARACTERS:
        return None
    for preference in parse_http_list(joined):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "wait":
            seconds = value.strip().strip('"')
            # isdecimal alone takes the digits of every script.
            if not (seconds.isascii() and seconds.isdecimal()):
                return None
            return min(int(seconds), MAX_WAIT_SECONDS)
    return None
