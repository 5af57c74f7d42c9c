"""Tells from a key whose object it is."""

import re
from uuid import UUID

from photo_domain.object_keys import ORIGINALS, RENDITIONS, original_key, rendition_key
from photo_domain.task_id import is_task_id

_ID = r"(?P<task_id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_ORIGINAL = re.compile(rf"{ORIGINALS}/[0-9]{{8}}/{_ID}-(?P<nonce>[0-9a-f]{{32}})")
_RENDITION = re.compile(
    rf"{RENDITIONS}/[0-9]{{8}}/{_ID}/(?P<revision>[0-9]{{1,19}})/(?P<name>[^/]+)"
)


def task_of_object(key: str) -> UUID | None:
    """The task that an original or rendition belongs to; None for a key that no service makes."""
    if match := _ORIGINAL.fullmatch(key):
        task_id = _task_id(match)
        return task_id if task_id and original_key(task_id, match["nonce"]) == key else None
    if match := _RENDITION.fullmatch(key):
        task_id = _task_id(match)
        made = task_id and rendition_key(task_id, int(match["revision"]), match["name"])
        return task_id if made == key else None
    return None


def _task_id(match: re.Match[str]) -> UUID | None:
    task_id = UUID(match["task_id"])
    return task_id if is_task_id(task_id) else None
