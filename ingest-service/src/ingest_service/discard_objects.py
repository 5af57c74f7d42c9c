"""Deletes what failed uploads had stored."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from photo_domain.errors import ErrorCode, FieldViolation, RequestError
from photo_domain.limits import UPLOAD_LIMITS
from photo_domain.object_keys import is_nonce, original_key
from photo_domain.task_id import is_task_id, parse_task_id
from photo_objects.errors import StorageUnavailableError
from photo_objects.original_deleter import OriginalDeleter
from photo_records.database_errors import DATABASE_DOWN
from photo_records.registration import registered_keys


class ObjectDiscarder:
    """Deletes originals, but never one that belongs to a photo."""

    def __init__(self, pool: asyncpg.Pool, originals: OriginalDeleter) -> None:
        self._pool = pool
        self._originals = originals

    async def discard(self, refs: Sequence[tuple[str, str]]) -> int:
        """Delete the originals of these (task id, nonce) pairs; how many went.

        Raises RequestError: invalid_argument, database_unavailable, storage_unavailable.
        """
        originals = _checked(refs)
        try:
            kept = await registered_keys(self._pool, {task_id for task_id, _ in originals})
        except DATABASE_DOWN as error:
            raise RequestError(
                ErrorCode.DATABASE_UNAVAILABLE, "The database does not answer; try again soon."
            ) from error
        unowned = sorted({key for _, key in originals} - kept)
        try:
            await self._originals.delete(unowned)
        except StorageUnavailableError as error:
            raise RequestError(
                ErrorCode.STORAGE_UNAVAILABLE, "The storage does not answer; try again soon."
            ) from error
        return len(unowned)


def _checked(refs: Sequence[tuple[str, str]]) -> list[tuple[UUID, str]]:
    """The task ids and keys that `refs` name."""
    if not 1 <= len(refs) <= UPLOAD_LIMITS.max_files:
        violation = FieldViolation("originals", f"must be 1 to {UPLOAD_LIMITS.max_files}")
        raise RequestError(ErrorCode.INVALID_ARGUMENT, "Nothing was discarded.", [violation])
    originals = []
    violations = []
    for index, (text, nonce) in enumerate(refs):
        task_id = parse_task_id(text)
        if task_id is None or not is_nonce(nonce) or not is_task_id(task_id):
            violations.append(
                FieldViolation(
                    f"originals[{index}]", "must have a UUIDv7 and a nonce of 32 hexadecimal digits"
                )
            )
        else:
            originals.append((task_id, original_key(task_id, nonce)))
    if violations:
        raise RequestError(ErrorCode.INVALID_ARGUMENT, "Nothing was discarded.", violations)
    return originals
