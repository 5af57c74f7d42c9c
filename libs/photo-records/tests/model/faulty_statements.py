"""Statements with the faults that the search is for: it must find every one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import asyncpg

from photo_records.outbox import NOTHING_WAITS, OutboxTask, RepublishReason
from photo_records.task_claims import ClaimedTask
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
