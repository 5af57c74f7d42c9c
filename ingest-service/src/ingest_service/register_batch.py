"""Registers batches: rows first, then the answer, then the messages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import structlog

from ingest_service.batch_claims import BatchClaim, check_batch
from ingest_service.change_publisher import TellChange
from ingest_service.database_connection import UnreachableError, connected
from ingest_service.group_commit import GroupCommit
from ingest_service.owner_quota import OwnerQuota
from ingest_service.task_publisher import TaskMessage, TaskPublisher
from photo_domain.errors import ErrorCode, RequestError
from photo_records.database_errors import DATABASE_DOWN
from photo_records.registration import (
    KnownTaskError,
    NewBatch,
    RegisteredBatch,
    delete_batches,
    find_batches,
    insert_batches,
)
from photo_records.task_changes import TaskChange
from service_kit.tracing import traceparent

# Rows of one transaction: ten full batches.
_MAX_GROUP_PHOTOS = 1_000
_NO_QUOTA = OwnerQuota(0)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Submission:
    batch: NewBatch
    request_id: str


class BatchRegistrar:
    """The way of a batch into the database and on to the queue."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        publisher: TaskPublisher,
        tell: TellChange,
        bulk_batch_files: int,
        quota: OwnerQuota = _NO_QUOTA,
    ) -> None:
        self._pool = pool
        self._publisher = publisher
        self._tell = tell
        self._bulk_batch_files = bulk_batch_files
        self._quota = quota
        self._commits = GroupCommit(self._commit, _MAX_GROUP_PHOTOS)

    async def register(self, claim: BatchClaim, request_id: str) -> RegisteredBatch:
        """Write the batch, or find what its key registered before.

        Raises RequestError: invalid_argument, task_exists, idempotency_mismatch,
        quota_exceeded; database_unavailable when nothing was written, outcome_unknown when that is
        not certain.
        """
        batch = check_batch(claim, self._bulk_batch_files, datetime.now(UTC))
        batch = replace(batch, traceparent=traceparent())
        registered = await self._commits.submit(_Submission(batch, request_id), len(batch.photos))
        _log.info(
            "batch_registered",
            batch_id=str(registered.batch_id),
            accepted=len(registered.photos),
            rejected=len(batch.rejected),
            replayed=registered.batch_id != batch.batch_id,
        )
        return registered

    async def drain(self) -> None:
        """Wait until every commit under way has ended and its messages are handed over."""
        await self._commits.drain()
        await self._publisher.drain()

    async def _commit(self, group: Sequence[_Submission]) -> Sequence[RegisteredBatch | Exception]:
        try:
            async with connected(self._pool) as connection:
                return await self._write(connection, group)
        except UnreachableError as error:
            _log.warning("database_unavailable", batches=len(group), error=error.reason)
            return [_refusal(ErrorCode.DATABASE_UNAVAILABLE)] * len(group)
        except DATABASE_DOWN as error:
            _log.warning("commit_interrupted", batches=len(group), error=type(error).__name__)
        except (asyncpg.PostgresError, KnownTaskError):
            return await self._write_each(group)
        return await self._settle(group)

    async def _settle(self, group: Sequence[_Submission]) -> Sequence[RegisteredBatch | Exception]:
        """Write again after a lost connection: the unique keys tell what had been committed.

        An insert with a key that is still being decided waits for that decision.
        """
        try:
            async with connected(self._pool) as connection:
                return await self._write(connection, group)
        except (UnreachableError, *DATABASE_DOWN):
            return [_refusal(ErrorCode.OUTCOME_UNKNOWN)] * len(group)
        except (asyncpg.PostgresError, KnownTaskError):
            return await self._write_each(group)

    async def _write_each(
        self, group: Sequence[_Submission]
    ) -> Sequence[RegisteredBatch | Exception]:
        """Give every batch a transaction of its own; a lost connection ends the series."""
        outcomes: list[RegisteredBatch | Exception] = []
        try:
            async with connected(self._pool) as connection:
                for submission in group:
                    outcome = await self._write_alone(connection, submission)
                    outcomes.append(outcome)
        except (UnreachableError, *DATABASE_DOWN):
            missing = len(group) - len(outcomes)
            outcomes += [_refusal(ErrorCode.OUTCOME_UNKNOWN)] * missing
        return outcomes

    async def _write_alone(
        self, connection: asyncpg.pool.PoolConnectionProxy, submission: _Submission
    ) -> RegisteredBatch | Exception:
        try:
            return (await self._write(connection, [submission]))[0]
        except KnownTaskError:
            return _refusal(ErrorCode.TASK_EXISTS)
        except DATABASE_DOWN:
            raise
        except asyncpg.PostgresError as error:
            return error

    async def _write(
        self, connection: asyncpg.pool.PoolConnectionProxy, group: Sequence[_Submission]
    ) -> list[RegisteredBatch | Exception]:
        batches = [submission.batch for submission in group]
        born, exceeding = await self._insert(connection, batches)
        known = [
            (batch.owner, batch.idempotency_key) for batch in batches if batch.batch_id not in born
        ]
        earlier = await find_batches(connection, known) if known else {}
        outcomes: list[RegisteredBatch | Exception] = []
        for submission in group:
            batch = submission.batch
            registered = born.get(batch.batch_id) or earlier.get(
                (batch.owner, batch.idempotency_key)
            )
            if batch.batch_id in exceeding:
                outcomes.append(_refusal(ErrorCode.QUOTA_EXCEEDED))
                continue
            outcomes.append(_matching(batch, registered))
            if registered and registered.batch_id == batch.batch_id:
                self._publisher.send(_messages(batch, submission.request_id))
                self._tell(TaskChange(None, batch.batch_id, batch.owner))
        return outcomes

    async def _insert(
        self, connection: asyncpg.pool.PoolConnectionProxy, batches: Sequence[NewBatch]
    ) -> tuple[dict[UUID, RegisteredBatch], frozenset[UUID]]:
        """What is born, and the ids of what the quota of its owner has no room for."""
        if not self._quota.limit:
            return await insert_batches(connection, batches), frozenset()
        # Written first: that waits for whoever writes the same key just now, so that no refusal is
        # told of a batch that comes to be after all.
        async with connection.transaction():
            born = await insert_batches(connection, batches)
            exceeding = await self._quota.exceeded_by(
                connection, [batch for batch in batches if batch.batch_id in born]
            )
            await delete_batches(connection, exceeding)
        return {id_: batch for id_, batch in born.items() if id_ not in exceeding}, exceeding


def _messages(batch: NewBatch, request_id: str) -> list[TaskMessage]:
    batch_id = str(batch.batch_id)
    return [
        TaskMessage(photo.task_id, batch.lane, batch_id, request_id, batch.traceparent)
        for photo in batch.photos
    ]


def _matching(batch: NewBatch, registered: RegisteredBatch | None) -> RegisteredBatch | Exception:
    if registered is None:
        # The batch that held the key was deleted between the two statements.
        return _refusal(ErrorCode.OUTCOME_UNKNOWN)
    if registered.fingerprint != batch.fingerprint:
        return _refusal(ErrorCode.IDEMPOTENCY_MISMATCH)
    return registered


def _refusal(code: ErrorCode) -> RequestError:
    return RequestError(code, _DETAILS[code])


_DETAILS = {
    ErrorCode.DATABASE_UNAVAILABLE: "The database does not answer; try again soon.",
    ErrorCode.OUTCOME_UNKNOWN: (
        "The database went away in the middle; repeat the call with the same key."
    ),
    ErrorCode.TASK_EXISTS: "One of the task ids is registered already; use new ones.",
    ErrorCode.IDEMPOTENCY_MISMATCH: (
        "The idempotency key was used for other files; use a new key for a new upload."
    ),
    ErrorCode.QUOTA_EXCEEDED: (
        "The files would take you over the bytes you may have stored; delete photos first."
    ),
}
