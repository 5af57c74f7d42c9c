"""Searches that operators make, each with what it has to find, said as plainly as SQL can."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from photo_domain.failure import FailureCode
from photo_domain.file_format import FileFormat
from photo_domain.task_state import TaskStatus
from photo_records.photo_filter import PhotoFilter
from photo_records.task_queue import Lane

_NOW = datetime.now(UTC)
_SINCE, _UNTIL = _NOW - timedelta(days=60), _NOW - timedelta(days=50)
# Of every kind of file that comes more than once, and of one that never comes.
_TWICE, _NEVER = (5).to_bytes(32, "big"), b"\xff" * 32
_BIG, _SMALL, _NOBODY = "owner-0", "owner-1900", "nobody"

# Each filter alone.
_ALONE: dict[str, Any] = {
    "status": TaskStatus.FAILURE,
    "error_code": FailureCode.TIMEOUT,
    "format": FileFormat.PDF,
    "lane": Lane.BULK,
    "waiting": True,
    "from_time": _SINCE,
    "until_time": _UNTIL,
    "owner": _SMALL,
    "name_prefix": "ФОТО 1",
    "sha256": _TWICE,
}


@dataclass(frozen=True, slots=True)
class Search:
    """A filter, and the condition on the rows of photos that says the same."""

    wanted: PhotoFilter

    @property
    def condition(self) -> tuple[str, list[Any]]:
        """SQL with $1, $2 … and its values."""
        conditions, values = ["true"], list[Any]()
        wanted = self.wanted
        for column, value in (
            ("status =", wanted.status),
            ("error_code =", wanted.error_code),
            ("content_type =", wanted.format and wanted.format.content_type),
            ("lane =", wanted.lane),
            ("created_at >=", wanted.from_time),
            ("created_at <", wanted.until_time),
            ("owner =", wanted.owner),
            ("sha256 =", wanted.sha256),
        ):
            if value is not None:
                values.append(value)
                conditions.append(f"{column} ${len(values)}")
        if wanted.waiting:
            conditions.append("status = 'PENDING' AND lease_expires_at IS NULL")
        if wanted.name_prefix:
            values.append(wanted.name_prefix)
            conditions.append(f"starts_with(lower(file_name), lower(${len(values)}))")
        return " AND ".join(conditions), values

    @property
    def order(self) -> str:
        """How the photos come."""
        return 'lower(file_name) COLLATE "C", id' if self.wanted.name_prefix else "id DESC"


def _pairs() -> dict[str, PhotoFilter]:
    names = list(_ALONE)
    return {
        f"{first}, {second}": PhotoFilter(**{first: _ALONE[first], second: _ALONE[second]})
        for place, first in enumerate(names)
        for second in names[place + 1 :]
    }


SEARCHES = {
    name: Search(wanted)
    for name, wanted in {
        "everything": PhotoFilter(),
        **{name: PhotoFilter(**{name: value}) for name, value in _ALONE.items()},
        **_pairs(),
        # What is common, what is rare, and what there is none of.
        "succeeded": PhotoFilter(status=TaskStatus.SUCCESS),
        "pending": PhotoFilter(status=TaskStatus.PENDING),
        "common format": PhotoFilter(format=FileFormat.JPEG),
        "common name": PhotoFilter(name_prefix="img_0"),
        "owner of a fifth": PhotoFilter(owner=_BIG),
        "owner of a fifth, failed": PhotoFilter(owner=_BIG, status=TaskStatus.FAILURE),
        "owner of a fifth, rare format": PhotoFilter(owner=_BIG, format=FileFormat.PDF),
        "owner of a fifth, a few days": PhotoFilter(
            owner=_BIG, from_time=_SINCE, until_time=_UNTIL
        ),
        "owner of nothing": PhotoFilter(owner=_NOBODY),
        "file of nobody": PhotoFilter(sha256=_NEVER),
        "name of nothing": PhotoFilter(name_prefix="nothing like it"),
        "rare code, rare format": PhotoFilter(
            error_code=FailureCode.INTERNAL, format=FileFormat.PDF
        ),
        "common name, failed": PhotoFilter(name_prefix="img_0", status=TaskStatus.FAILURE),
        "common name, rare format": PhotoFilter(name_prefix="p", format=FileFormat.PDF),
        "all timeouts of a few days": PhotoFilter(
            error_code=FailureCode.TIMEOUT, from_time=_SINCE, until_time=_UNTIL
        ),
        "waiting in a lane, a format": PhotoFilter(
            waiting=True, lane=Lane.BULK, format=FileFormat.PNG
        ),
        "after the last": PhotoFilter(from_time=_NOW + timedelta(days=1)),
        "before the first": PhotoFilter(until_time=_NOW - timedelta(days=1000)),
    }.items()
}
