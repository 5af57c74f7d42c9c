"""What becomes of one photo: claim, process, store, end the task once."""

import hashlib
import secrets
import time
from dataclasses import replace
from datetime import timedelta
from random import SystemRandom
from threading import Event
from uuid import UUID

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError

from photo_domain.failure import FailureCode, ProcessingError
from photo_domain.file_format import FORMAT_BY_CONTENT_TYPE
from photo_objects.errors import (
    ObjectMissingError,
    ObjectTooLargeError,
    StorageUnavailableError,
)
from photo_objects.object_reader import ObjectReader
from photo_records.photo_result import PhotoResult
from photo_records.task_changes import TaskChange
from photo_records.task_claims import (
    ClaimedTask,
    claim_task,
    end_exhausted,
    finish_failure,
    finish_success,
    postpone,
)
from photo_worker.change_publisher import TellChange
from photo_worker.outcome import FirstRun, Outcome, OutcomeKind
from photo_worker.processing.photo_processor import PhotoProcessor
from photo_worker.rendition_storage import RenditionStorage
from photo_worker.retry_delay import delay_after
from service_kit.tracing import traced

_log = structlog.get_logger(__name__)

# InternalError: a primary that has become a standby takes no writes.
_DATABASE_TROUBLE = (OperationalError, InterfaceError, InternalError)
_TRANSIENT = (*_DATABASE_TROUBLE, StorageUnavailableError)
_ENDS = {OutcomeKind.SUCCESS, OutcomeKind.FAILURE}

# The pauses between attempts to claim while the database is away, in seconds: a child with nothing
# to write to waits, so that the backlog stays in the queue.
_CLAIM_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)

# For how long trouble may postpone a task, from its first postponement on, while its runs follow
# one another: see `claim_task`.
_LONGEST_TROUBLE = timedelta(hours=24)

_jitter = SystemRandom()


class DatabaseUnavailableError(Exception):
    """The task could not be claimed because the database did not answer."""


class ImageHandler:
    """Works on one task at a time; safe to run twice on the same task."""

    def __init__(
        self,
        engine: Engine,
        originals: ObjectReader,
        renditions: RenditionStorage,
        processor: PhotoProcessor,
        lease: timedelta,
        claimed_by: str,
        tell: TellChange,
    ) -> None:
        self._engine = engine
        self._originals = originals
        self._renditions = renditions
        self._processor = processor
        self._lease = lease
        self._claimed_by = claimed_by
        self._tell = tell

    def handle(self, task_id: UUID) -> Outcome:
        """Run the task once.

        Raises DatabaseUnavailableError if it could not even be claimed, and MemoryError if the
        process has none left: the task is still claimed then, and the process should end.
        """
        with traced("claim"):
            claim = self._claim(task_id)
        if claim is None:
            return self._refuse(task_id)
        claimed = time.monotonic()
        self._tell_of(claim, claim.revision)
        try:
            outcome = self._run(claim)
        except _TRANSIENT:
            _log.warning("task_in_trouble", attempt=claim.attempts, exc_info=True)
            outcome = self._end_or_postpone(claim)
        if outcome.kind not in _ENDS or claim.was_retried:
            return outcome
        seconds = claim.age.total_seconds() + time.monotonic() - claimed
        return replace(outcome, first_run=FirstRun(claim.lane, seconds))

    def _claim(self, task_id: UUID) -> ClaimedTask | None:
        for pause in _CLAIM_PAUSES:
            try:
                return self._try_to_claim(task_id)
            except _DATABASE_TROUBLE as error:
                _log.warning("database_unavailable", trouble=type(error).__name__)
                Event().wait(pause * _jitter.uniform(0.5, 1.0))
        try:
            return self._try_to_claim(task_id)
        except _DATABASE_TROUBLE as error:
            raise DatabaseUnavailableError from error

    def _try_to_claim(self, task_id: UUID) -> ClaimedTask | None:
        with self._engine.begin() as connection:
            return claim_task(connection, task_id, self._lease, self._claimed_by)

    def _refuse(self, task_id: UUID) -> Outcome:
        try:
            with self._engine.begin() as connection:
                exhausted = end_exhausted(connection, task_id)
        except _DATABASE_TROUBLE as error:
            raise DatabaseUnavailableError from error
        if exhausted:
            self._tell(TaskChange(task_id))
            _log.warning("task_failed", code=FailureCode.CRASHED)
            return Outcome(OutcomeKind.FAILURE, failure=FailureCode.CRASHED)
        _log.info("task_not_claimed")
        return Outcome(OutcomeKind.NOT_CLAIMED)

    def _run(self, claim: ClaimedTask) -> Outcome:
        try:
            return self._work_on(claim)
        except ProcessingError as error:
            return self._end_in_failure(claim, error.code)
        except (*_TRANSIENT, MemoryError):
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the task gets its result
            _log.exception("task_broke")
            return self._end_in_failure(claim, FailureCode.INTERNAL)

    def _work_on(self, claim: ClaimedTask) -> Outcome:
        started = time.monotonic()
        with traced("read_original"):
            original = self._read_original(claim)
        was_read = time.monotonic()
        photo = self._processor.process(original, FORMAT_BY_CONTENT_TYPE[claim.content_type])
        processed = time.monotonic()
        with traced("store_renditions"):
            stored = self._renditions.store(claim, photo.renditions)
        stored_at = time.monotonic()
        result = PhotoResult(
            format=photo.format,
            width=photo.width,
            height=photo.height,
            pages=photo.pages,
            metadata=photo.metadata,
            placeholder=photo.placeholder,
            random_number=secrets.randbelow(2**31),
            processing_time=stored_at - started,
            step_seconds={
                "read_original": was_read - started,
                **photo.step_seconds,
                "store_renditions": stored_at - processed,
            },
        )
        # After an error here the outcome is unknown: the renditions may be the task's by now, so
        # they stay, and the sweeper removes them if they are not.
        with traced("finish"), self._engine.begin() as connection:
            ended = finish_success(connection, claim, result, stored)
        if not ended:
            self._renditions.remove(stored)
            return self._superseded(claim)
        self._tell_of(claim, claim.revision + 1)
        _log.info("task_succeeded", format=photo.format, processing_time=result.processing_time)
        return Outcome(OutcomeKind.SUCCESS, claim.photo_id, claim.attempts, result=result)

    def _read_original(self, claim: ClaimedTask) -> bytes:
        try:
            original = self._originals.read(claim.object_key, claim.size)
        except ObjectMissingError:
            raise ProcessingError(FailureCode.ORIGINAL_MISSING) from None
        except ObjectTooLargeError:
            raise ProcessingError(FailureCode.ORIGINAL_MISMATCH) from None
        if len(original) != claim.size or hashlib.sha256(original).digest() != claim.sha256:
            raise ProcessingError(FailureCode.ORIGINAL_MISMATCH)
        return original

    def _end_in_failure(self, claim: ClaimedTask, code: FailureCode) -> Outcome:
        with self._engine.begin() as connection:
            ended = finish_failure(connection, claim, code)
        if not ended:
            return self._superseded(claim)
        self._tell_of(claim, claim.revision + 1)
        _log.info("task_failed", code=code)
        return Outcome(OutcomeKind.FAILURE, claim.photo_id, claim.attempts, failure=code)

    def _tell_of(self, claim: ClaimedTask, revision: int) -> None:
        self._tell(TaskChange(claim.task_id, claim.batch_id, claim.owner, revision))

    def _superseded(self, claim: ClaimedTask) -> Outcome:
        _log.warning("task_superseded", revision=claim.revision)
        return Outcome(OutcomeKind.SUPERSEDED, claim.photo_id, claim.attempts)

    def _end_or_postpone(self, claim: ClaimedTask) -> Outcome:
        try:
            if claim.postponed_for >= _LONGEST_TROUBLE:
                return self._end_in_failure(claim, FailureCode.STORAGE_UNAVAILABLE)
            return self._postpone(claim)
        except _DATABASE_TROUBLE as error:
            # The lease runs out by itself, and the task with it becomes free.
            _log.warning("task_left_to_its_lease", trouble=type(error).__name__)
            return Outcome(OutcomeKind.POSTPONED, claim.photo_id, claim.attempts)

    def _postpone(self, claim: ClaimedTask) -> Outcome:
        with self._engine.begin() as connection:
            postponed = postpone(connection, claim, delay_after(claim.postponements + 1))
        if not postponed:
            return self._superseded(claim)
        self._tell_of(claim, claim.revision + 1)
        return Outcome(OutcomeKind.POSTPONED, claim.photo_id, claim.attempts)
