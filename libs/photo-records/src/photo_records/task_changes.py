"""The contract between who changes tasks and who watches them: a channel of Redis' pub/sub.

Whoever commits a transition tells it afterwards. Messages may be lost, come twice or in another
order: they only say where to look, the rows are the truth.
"""

import json
from dataclasses import dataclass
from uuid import UUID

CHANNEL = "task-changes"
# Of one message, in bytes; nobody of us sends more.
_LONGEST = 4_096
_LONGEST_OWNER = 255


@dataclass(frozen=True, slots=True)
class TaskChange:
    """What was committed: a transition of a task, the birth of a batch or the end of a photo.

    Who does not know the owner, the batch or the revision leaves them out.
    """

    # None for every task of the batch.
    task_id: UUID | None
    batch_id: UUID | None = None
    owner: str | None = None
    revision: int | None = None
    # The photo is gone, and its task with it; the batch and the owner are named then.
    deleted: bool = False


def change_message(change: TaskChange) -> bytes:
    """The message for the channel."""
    told = {
        "task_id": str(change.task_id) if change.task_id else None,
        "batch_id": str(change.batch_id) if change.batch_id else None,
        "owner": change.owner,
        "revision": change.revision,
        "deleted": change.deleted or None,
    }
    return json.dumps({name: value for name, value in told.items() if value is not None}).encode()


def read_change(message: bytes) -> TaskChange | None:
    """The change that a message tells; None for one that is no such message."""
    if len(message) > _LONGEST:
        return None
    try:
        told = json.loads(message)
        change = TaskChange(
            task_id=UUID(told["task_id"]) if "task_id" in told else None,
            batch_id=UUID(told["batch_id"]) if "batch_id" in told else None,
            owner=told.get("owner"),
            revision=told.get("revision"),
            deleted=told.get("deleted", False) is True,
        )
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    if change.task_id is None and change.batch_id is None:
        return None
    if change.deleted and None in (change.task_id, change.batch_id, change.owner):
        return None
    is_owner = change.owner is None or (
        isinstance(change.owner, str) and len(change.owner) <= _LONGEST_OWNER
    )
    is_revision = change.revision is None or isinstance(change.revision, int)
    return change if is_owner and is_revision else None
