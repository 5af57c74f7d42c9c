"""The task that somebody wants changed, and why it cannot be."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from photo_domain.errors import ErrorCode, RequestError
from photo_domain.task_id import parse_task_id
from photo_records.task_reads import UnknownTaskError


def asked_task_id(text: str) -> UUID:
    """The id that `text` spells. Raises RequestError (unknown_task): what is no id has no task."""
    task_id = parse_task_id(text)
    if task_id is None:
        raise _unknown_task()
    return task_id


@contextmanager
def known_task() -> Iterator[None]:
    """Raise RequestError (unknown_task) where the records know no such task."""
    try:
        yield
    except UnknownTaskError as error:
        raise _unknown_task() from error


def _unknown_task() -> RequestError:
    return RequestError(ErrorCode.UNKNOWN_TASK, "There is no task with this id.")
