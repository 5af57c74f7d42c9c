"""Which photos a list, or an action on many, is about: the fields of a query and their filter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from admin_console.moments import moment
from photo_domain.failure import FailureCode
from photo_domain.file_format import FileFormat
from photo_domain.task_state import TaskStatus
from photo_records.photo_filter import PhotoFilter
from photo_records.task_queue import Lane

_MAX_CHARACTERS = 255
_MAX_PHOTO_ID = 2**63 - 1


class _WrongFieldError(ValueError):
    """What a field holds is not what it takes; the message is for the operator."""


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of the query: its column in the filter, its name for people, how it is read."""

    attribute: str
    label: str
    read: Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class PhotoQuery:
    """The fields that are set and right, the filter they make, and what is wrong with others."""

    fields: Mapping[str, str]
    wanted: PhotoFilter
    errors: Mapping[str, str]

    @property
    def described(self) -> list[tuple[str, str]]:
        """The fields for people: (label, value)."""
        return [
            (field.label, moment(value) if isinstance(value, datetime) else self.fields[name])
            for name, field in _FIELDS.items()
            if (value := getattr(self.wanted, field.attribute))
        ]

    def query_string(self, **changes: str) -> str:
        """The query that asks for the same, but for `changes`; an empty value removes its field."""
        return urlencode({name: text for name, text in {**self.fields, **changes}.items() if text})


def read_photo_query(given: Mapping[str, str]) -> PhotoQuery:
    """The query that these fields state; fields that are none of its own are left out."""
    fields: dict[str, str] = {}
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, field in _FIELDS.items():
        text = given.get(name, "").strip()
        if not text:
            continue
        try:
            values[field.attribute] = value = field.read(text)
            fields[name] = time_text(value) if isinstance(value, datetime) else text
        except _WrongFieldError as error:
            errors[name] = f"{field.label}: {error}"
    return PhotoQuery(fields, PhotoFilter(**values), errors)


def time_text(moment: datetime) -> str:
    """The moment as the fields `from` and `until` take it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat()


def read_time(text: str) -> datetime:
    """The moment that ISO 8601 text names, in UTC unless it says otherwise.

    Raises ValueError with a message for the operator.
    """
    try:
        moment = datetime.fromisoformat(text)
        # Not before the epoch: a UUIDv7 tells no earlier time.
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise _WrongFieldError("must be a time such as 2026-11-23T18:00") from None
    if not 1970 <= moment.year < 9999:
        raise _WrongFieldError("must be a time such as 2026-11-23T18:00")
    return moment


def read_text(text: str) -> str:
    """Text of an owner or name. Raises ValueError with a message for the operator."""
    if len(text) > _MAX_CHARACTERS or "\0" in text:
        raise _WrongFieldError(f"must have at most {_MAX_CHARACTERS} characters, and no NUL")
    return text


def read_uuid(text: str) -> UUID:
    """The UUID that `text` spells. Raises ValueError with a message for the operator."""
    try:
        return UUID(text)
    except ValueError:
        raise _WrongFieldError("must be a UUID") from None


def _one_of(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return kind(text)
        except ValueError:
            raise _WrongFieldError("is not one of the choices") from None

    return read


def _photo_id(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= 19
    if not is_number or not 0 < int(text) <= _MAX_PHOTO_ID:
        raise _WrongFieldError("must be the number of a photo")
    return int(text)


def _sha256(text: str) -> bytes:
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise _WrongFieldError("must be 64 hexadecimal digits")
    return digest


def _waiting(text: str) -> bool:
    if text != "yes":
        raise _WrongFieldError("must be yes")
    return True


_FIELDS = {
    "status": _Field("status", "Status", _one_of(TaskStatus)),
    "error_code": _Field("error_code", "Failure", _one_of(FailureCode)),
    "format": _Field("format", "Format", _one_of(FileFormat)),
    "lane": _Field("lane", "Lane", _one_of(Lane)),
    "waiting": _Field("waiting", "Nobody works on it", _waiting),
    "from": _Field("from_time", "Uploaded from (UTC)", read_time),
    "until": _Field("until_time", "Uploaded before (UTC)", read_time),
    "name": _Field("name_prefix", "File name begins with", read_text),
    "owner": _Field("owner", "Owner", read_text),
    "batch_id": _Field("batch_id", "Batch", read_uuid),
    "sha256": _Field("sha256", "SHA-256", _sha256),
    "task_id": _Field("task_id", "Task", read_uuid),
    "photo_id": _Field("photo_id", "Photo id", _photo_id),
}
