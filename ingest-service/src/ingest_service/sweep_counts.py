"""What a sweep removed, or would remove."""

from dataclasses import dataclass


@dataclass(slots=True)
class SweepCounts:
    """Grows while the sweep goes on, so that one that is interrupted can tell too."""

    # Objects that no row names.
    orphan_originals: int = 0
    orphan_renditions: int = 0
    # Unfinished files of writers that were killed (file stores only).
    abandoned_writes: int = 0
    # Photos past their retention and their objects.
    expired_photos: int = 0
    expired_originals: int = 0
    expired_renditions: int = 0
    # Batches without a photo whose key has expired.
    empty_batches: int = 0
    # Idempotency keys that their owners may use again.
    freed_keys: int = 0
    # Objects whose names no service makes; they are left alone.
    unknown_objects: int = 0
