"""Where a list or a stream goes on, as opaque text for callers."""

import base64
import binascii
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from photo_domain.errors import ErrorCode, FieldViolation, RequestError

_PAGE = struct.Struct(">Bq")
_PAGE_KIND = 1
_CURSOR = struct.Struct(">Bqq")
_CURSOR_KIND = 2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# In microseconds: the years that Postgres and Python both know.
_LATEST = (datetime(9000, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND


@dataclass(frozen=True, slots=True)
class WatchCursor:
    """How far a stream has told: what changed since `told_until` may not have been told.

    `pending_after` is set while the stream still tells what is PENDING: the photo id to go on from.
    """

    told_until: datetime
    pending_after: int | None = None


def page_token(last_id: int) -> str:
    """Asks for what follows the photo with that id in a list."""
    return _text(_PAGE.pack(_PAGE_KIND, last_id))


def parse_page_token(token: str) -> int:
    """The photo id in a token of `page_token`. Raises RequestError (invalid_argument)."""
    kind, last_id = _values(_PAGE, token, "page_token")
    if kind != _PAGE_KIND or last_id < 1:
        raise _not_ours("page_token")
    return last_id


def cursor_text(cursor: WatchCursor) -> str:
    """The cursor for a caller to come back with."""
    told_until = (cursor.told_until - _EPOCH) // _MICROSECOND
    after = -1 if cursor.pending_after is None else cursor.pending_after
    return _text(_CURSOR.pack(_CURSOR_KIND, told_until, after))


def parse_cursor(text: str) -> WatchCursor:
    """The cursor that `cursor_text` wrote. Raises RequestError (invalid_argument)."""
    kind, told_until, after = _values(_CURSOR, text, "cursor")
    if kind != _CURSOR_KIND or not 0 <= told_until < _LATEST or after < -1:
        raise _not_ours("cursor")
    return WatchCursor(_EPOCH + told_until * _MICROSECOND, None if after == -1 else after)


def _text(packed: bytes) -> str:
    return base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")


def _values(layout: struct.Struct, text: str, field: str) -> tuple[int, ...]:
    # The length first: nobody decodes megabytes to refuse them.
    if len(text) != len(_text(bytes(layout.size))):
        raise _not_ours(field)
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _not_ours(field) from None
    if _text(packed) != text:
        raise _not_ours(field)
    return layout.unpack(packed)


def _not_ours(field: str) -> RequestError:
    violation = FieldViolation(field, "must be one that an earlier answer gave, or empty")
    return RequestError(ErrorCode.INVALID_ARGUMENT, f"The {field} is not ours.", [violation])
