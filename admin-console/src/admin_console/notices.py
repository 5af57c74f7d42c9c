"""What a page says of the action that led to it: a form is answered by going to a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.requests import Request

from admin_console.photo_actions import Outcome, Refusal
from admin_console.refusal_reasons import reason_of
from admin_console.session_guard import next_page
from photo_domain.errors import ErrorCode

_DONE, _REFUSED, _WHY = "done", "refused", "why"
_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Notice:
    """How often an action was done and refused, and one reason of the latter."""

    done: int
    refused: int
    reason: str


def address_after(back: str, outcomes: Sequence[Outcome]) -> str:
    """The address of the page `back`, if it is one of ours, with what the action came to."""
    refusals = [outcome.refusal for outcome in outcomes if outcome.refusal]
    return _with_notice(back, len(outcomes) - len(refusals), refusals)


def address_after_one(back: str, refusal: ErrorCode | None) -> str:
    """The same for an action that was not on photos."""
    return _with_notice(back, int(refusal is None), [refusal] if refusal else [])


def without_notice(address: str) -> str:
    """The address of a page, without what an action came to."""
    parts = urlsplit(next_page(address))
    kept = [
        pair
        for pair in parse_qsl(parts.query, keep_blank_values=True)
        if pair[0] not in {_DONE, _REFUSED, _WHY}
    ]
    return urlunsplit(("", "", parts.path, urlencode(kept), ""))


def notice_of(request: Request) -> Notice | None:
    """What the address says that an action came to."""
    done, refused = (_number(request.query_params.get(name, "")) for name in (_DONE, _REFUSED))
    if not done and not refused:
        return None
    return Notice(done, refused, reason_of(request.query_params.get(_WHY, "")))


def _with_notice(back: str, done: int, refusals: Sequence[Refusal]) -> str:
    told = {_DONE: str(done), _REFUSED: str(len(refusals))}
    if refusals:
        told[_WHY] = refusals[0]
    address = without_notice(back)
    return f"{address}{'&' if '?' in address else '?'}{urlencode(told)}"


def _number(text: str) -> int:
    return min(int(text), _MOST) if text.isascii() and text.isdigit() and len(text) < 8 else 0
