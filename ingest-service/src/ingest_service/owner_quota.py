"""How many bytes one owner may have stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from photo_records.registration import Connection, NewBatch, find_batches, stored_bytes


@dataclass(frozen=True, slots=True)
class OwnerQuota:
    """`limit` in bytes of originals, those of deleted photos not counted; 0: no limit."""

    limit: int

    async def exceeded_by(
        self, connection: Connection, batches: Sequence[NewBatch]
    ) -> frozenset[UUID]:
        """The ids of those that must not be written, seen one after another.

        Batches that other replicas write at the same moment are not seen: between them they may
        exceed the quota once.
        """
        if not self.limit:
            return frozenset()
        known = await find_batches(connection, [_key(batch) for batch in batches])
        new = [batch for batch in batches if _key(batch) not in known]
        stored = await stored_bytes(connection, [batch.owner for batch in new])
        exceeding = set()
        for batch in new:
            total = stored.get(batch.owner, 0) + sum(photo.size for photo in batch.photos)
            if total > self.limit:
                exceeding.add(batch.batch_id)
            else:
                stored[batch.owner] = total
        return frozenset(exceeding)


def _key(batch: NewBatch) -> tuple[str, str]:
    return batch.owner, batch.idempotency_key
