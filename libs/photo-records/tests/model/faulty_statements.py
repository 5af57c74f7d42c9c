"""Statements with the faults that the search is for: it must find every one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import asyncpg

from photo_domain.failure import FailureCode
from photo_records.outbox import NOTHING_WAITS, OutboxTask, RepublishReason
from photo_records.task_claims import ClaimedTask, CrashVerdict
from photo_records.task_queue import Lane

from .statements import Statements


class UnfencedFinish(Statements):
    """A late finisher does not mind whose run it is."""

    def succeed(self, claim: ClaimedTask, number: int, keys: Sequence[str]) -> bool:
        row = self._database.rows().photos.get(claim.task_id)
        newest = replace(claim, revision=row["revision"]) if row else claim
        return super().succeed(newest, number, keys)


class ClaimOfLeasedTask(Statements):
    """A claim takes the task from whoever has it."""

    def claim(self, task_id: UUID, holder: str) -> ClaimedTask | None:
        take_away = "UPDATE photos SET lease_expires_at = NULL WHERE task_id = $1"
        self._run(self._pool.execute(take_away, task_id))
        return super().claim(task_id, holder)


class RevisionReset(Statements):
    """A retry begins with the first revision again."""

    def retry(self, task_id: UUID) -> OutboxTask:
        task = super().retry(task_id)
        reset = "UPDATE photos SET revision = 1 WHERE task_id = $1"
        self._run(self._pool.execute(reset, task_id))
        return task


class CrashOfAnotherHolder(Statements):
    """A parent does not mind whose run it counts the death of its process against."""

    def count_crash(self, task_id: UUID, holder: str) -> CrashVerdict | None:
        take_over = (
            "UPDATE photos SET claimed_by = $2 WHERE task_id = $1 AND lease_expires_at IS NOT NULL"
        )
        self._run(self._pool.execute(take_over, task_id, holder))
        return super().count_crash(task_id, holder)


class UncountedEnd(Statements):
    """An end in FAILURE does not count its batch down."""

    def fail(self, claim: ClaimedTask, code: FailureCode) -> bool:
        ended = super().fail(claim, code)
        if ended:
            count_up = (
                "UPDATE batches SET pending = pending + 1 FROM photos"
                " WHERE photos.batch_id = batches.id AND photos.task_id = $1"
            )
            self._run(self._pool.execute(count_up, claim.task_id))
        return ended


class _BlindRelay(Statements):
    blind_to: RepublishReason

    async def take_due(
        self,
        connection: asyncpg.pool.PoolConnectionProxy,
        reason: RepublishReason,
        given_out_until: Mapping[Lane, datetime],
    ) -> list[OutboxTask]:
        if reason is self.blind_to:
            return []
        return await super().take_due(connection, reason, given_out_until)


class NeverQueuedNotRelayed(_BlindRelay):
    """What its publisher did not get to the broker stays where it is."""

    blind_to = RepublishReason.NEVER_QUEUED


class DueAttemptsNotRelayed(_BlindRelay):
    """What was postponed waits for ever."""

    blind_to = RepublishReason.ATTEMPT_DUE


class LeasesNotRelayed(_BlindRelay):
    """Nobody takes over from a dead worker."""

    blind_to = RepublishReason.LEASE_EXPIRED


class LostMessagesNotRelayed(_BlindRelay):
    """What the broker lost stays lost."""

    blind_to = RepublishReason.MESSAGE_LOST


class LostMessagesOfBusyLanesNotRelayed(Statements):
    """A lane has to be empty for what the broker lost of it."""

    async def take_due(
        self,
        connection: asyncpg.pool.PoolConnectionProxy,
        reason: RepublishReason,
        given_out_until: Mapping[Lane, datetime],
    ) -> list[OutboxTask]:
        empty = {lane: time for lane, time in given_out_until.items() if time == NOTHING_WAITS}
        return await super().take_due(connection, reason, empty)


class HealthyBacklogRelayed(Statements):
    """A relay takes every queue for empty."""

    async def take_due(
        self,
        connection: asyncpg.pool.PoolConnectionProxy,
        reason: RepublishReason,
        given_out_until: Mapping[Lane, datetime],
    ) -> list[OutboxTask]:
        return await super().take_due(connection, reason, dict.fromkeys(Lane, NOTHING_WAITS))
