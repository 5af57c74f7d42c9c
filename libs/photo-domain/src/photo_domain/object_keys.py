"""Where the bytes of a photo lie in object storage."""

import os
import re
from uuid import UUID

from photo_domain.task_id import birth_of

ORIGINALS = "originals"
RENDITIONS = "renditions"

_NONCE = re.compile(r"[0-9a-f]{32}")


def new_nonce() -> str:
    """128 random bits as 32 hexadecimal digits: whoever knows the task id cannot guess the key."""
    return os.urandom(16).hex()


def is_nonce(text: str) -> bool:
    """Whether `text` is written as `new_nonce` writes it."""
    return _NONCE.fullmatch(text) is not None


def original_key(task_id: UUID, nonce: str) -> str:
    """The key of an original: created once, never overwritten."""
    return f"{ORIGINALS}/{birth_of(task_id):%Y%m%d}/{task_id}-{nonce}"


def rendition_key(task_id: UUID, revision: int, name: str) -> str:
    """The key of a rendition made by the run that claimed the task at `revision`."""
    return f"{RENDITIONS}/{birth_of(task_id):%Y%m%d}/{task_id}/{revision}/{name}"
