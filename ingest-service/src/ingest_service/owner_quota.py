"""How many bytes one owner may have stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from photo_records.registration import Connection, NewBatch, stored_bytes


@dataclass(frozen=True, slots=True)
class OwnerQuota:
    """`limit` in bytes of originals, those of deleted photos not counted; 0: no limit."""

    limit: int

    async def exceeded_by(
        self, connection: Connection, batches: Sequence[NewBatch]
    ) -> frozenset[UUID]:
        """The ids of those of `batches`, just written in this transaction, that are too much.

        Each is seen as the next to come. What other transactions write at the same moment is not
        seen: between them an owner may exceed the quota once.
        """
        stored = await stored_bytes(connection, [batch.owner for batch in batches])
        for batch in batches:
            stored[batch.owner] -= _size(batch)
        exceeding = set()
        for batch in batches:
            total = stored[batch.owner] + _size(batch)
            if total > self.limit:
                exceeding.add(batch.batch_id)
            else:
                stored[batch.owner] = total
        return frozenset(exceeding)


def _size(batch: NewBatch) -> int:
    return sum(photo.size for photo in batch.photos)
