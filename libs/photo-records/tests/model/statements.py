"""The real statements, each noted in the ledger as it is executed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from photo_domain.failure import FailureCode
from photo_records import outbox, paused_lanes, registration, task_actions, task_claims
from photo_records.outbox import OutboxTask, RepublishReason
from photo_records.photo_result import StoredRendition
from photo_records.registration import NewBatch, RegisteredBatch
from photo_records.task_claims import ClaimedTask, CrashVerdict
from photo_records.task_queue import Lane

from .database import Database
from .ledger import Ledger
from .new_result import new_result

LEASE = timedelta(seconds=135)
# How many rows a relay takes at once: few, so that a group's end is met.
GROUP = 2
_OWNER = "owner"


class Statements:
    """What services ask of the database; a faulty variant overrides one of these."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        self._database = database
        self._engine = database.engine
        self._pool = database.pool
        self._ledger = ledger
        self._run = database.run

    def insert(self, batch: NewBatch) -> RegisteredBatch:
        """Register the batch, or find it registered."""
        key = (batch.owner, batch.idempotency_key)
        born = self._run(registration.insert_batches(self._pool, [batch]))
        for photo in born[batch.batch_id].photos if born else ():
            self._ledger.tasks[photo.task_id].born = True
        if born:
            return born[batch.batch_id]
        return self._run(registration.find_batches(self._pool, [key]))[key]

    def mark_enqueued(self, task_ids: Sequence[UUID]) -> None:
        self._run(registration.mark_enqueued(self._pool, task_ids))
        self._ledger.queued(task_ids, self._database.now)

    def paused_lanes(self) -> frozenset[Lane]:
        return self._run(paused_lanes.find_paused_lanes(self._pool))

    def forget(self) -> int:
        forgotten = self._run(outbox.forget_queued(self._pool, GROUP))
        rows = self._database.rows().photos.items()
        self._ledger.forgot(task_id for task_id, row in rows if row["enqueued_at"] is None)
        return forgotten

    async def take_due(
        self,
        connection: asyncpg.pool.PoolConnectionProxy,
        reason: RepublishReason,
        given_out_until: Mapping[Lane, datetime],
    ) -> list[OutboxTask]:
        return await outbox.take_due(connection, reason, GROUP, given_out_until)

    def claim(self, task_id: UUID, holder: str) -> ClaimedTask | None:
        with self._engine.begin() as connection:
            claim = task_claims.claim_task(connection, task_id, LEASE, holder)
        if claim:
            now = self._database.now
            self._ledger.claimed(claim, holder, now + LEASE, now)
        return claim

    def exhaust(self, task_id: UUID) -> bool:
        with self._engine.begin() as connection:
            ended = task_claims.end_exhausted(connection, task_id)
        if ended:
            self._ledger.ended(task_id, FailureCode.CRASHED, None)
        return ended

    def succeed(self, claim: ClaimedTask, number: int, keys: Sequence[str]) -> bool:
        made = [StoredRendition(key.rpartition("/")[2], 9, 9, "image/webp", 9, key) for key in keys]
        with self._engine.begin() as connection:
            ended = task_claims.finish_success(connection, claim, new_result(number), made)
        if ended:
            self._ledger.fenced(claim)
            self._ledger.ended(claim.task_id, None, number, keys)
        return ended

    def fail(self, claim: ClaimedTask, code: FailureCode) -> bool:
        with self._engine.begin() as connection:
            ended = task_claims.finish_failure(connection, claim, code)
        if ended:
            self._ledger.fenced(claim)
            self._ledger.ended(claim.task_id, code, None)
        return ended

    def postpone(self, claim: ClaimedTask, delay: timedelta) -> bool:
        with self._engine.begin() as connection:
            postponed = task_claims.postpone(connection, claim, delay)
        if postponed:
            self._ledger.fenced(claim)
            self._ledger.postponed(claim.task_id, self._database.now + delay)
        return postponed

    def time_out(self, task_id: UUID, holder: str) -> bool:
        with self._engine.begin() as connection:
            ended = task_claims.end_timed_out(connection, task_id, holder)
        if ended:
            self._ledger.held(task_id, holder)
            self._ledger.ended(task_id, FailureCode.TIMEOUT, None)
        return ended

    def give_back(self, task_id: UUID, holder: str) -> bool:
        with self._engine.begin() as connection:
            given = task_claims.give_back(connection, task_id, holder)
        if given:
            self._ledger.held(task_id, holder)
            self._ledger.given_back(task_id)
        return given

    def count_crash(self, task_id: UUID, holder: str) -> CrashVerdict | None:
        with self._engine.begin() as connection:
            verdict = task_claims.count_crash(connection, task_id, holder)
        if verdict:
            self._ledger.held(task_id, holder)
            self._ledger.crashed(task_id)
        if verdict is CrashVerdict.ENDED:
            self._ledger.ended(task_id, FailureCode.CRASHED, None)
        return verdict

    def retry(self, task_id: UUID) -> OutboxTask:
        task = self._run(task_actions.retry_task(self._pool, task_id, _OWNER))
        self._ledger.reopened(task_id)
        return task

    def cancel(self, task_id: UUID) -> None:
        self._run(task_actions.cancel_task(self._pool, task_id, _OWNER))
        self._ledger.ended(task_id, FailureCode.CANCELLED, None)

    def delete(self, task_id: UUID) -> tuple[str, ...]:
        """The keys of the renditions that nobody names any more."""
        deleted = self._run(task_actions.delete_photo(self._pool, task_id, _OWNER))
        self._ledger.deleted(task_id)
        return deleted.objects.rendition_keys

    def pause(self, lane: Lane, *, paused: bool) -> None:
        """Pause the lane, or resume it."""
        if paused:
            self._run(paused_lanes.pause_lane(self._pool, lane, "operator"))
            self._ledger.paused.add(lane)
        else:
            self._run(paused_lanes.resume_lane(self._pool, lane))
            self._ledger.paused.discard(lane)
