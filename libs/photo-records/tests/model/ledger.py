"""What must be true: what everybody did and was told, held against the rows."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from photo_domain.failure import FailureCode
from photo_domain.task_state import TaskStatus
from photo_records import task_claims
from photo_records.outbox import RepublishReason
from photo_records.task_claims import ClaimedTask
from photo_records.task_queue import Lane

from .database import Row, Rows
from .object_storage import ObjectStorage

# A change of one of these is a transition.
_STATE = (
    "status",
    "attempts",
    "crashes",
    "postponements",
    "lease_expires_at",
    "next_attempt_at",
    "finished_at",
)


@dataclass(slots=True)
class Task:
    """A task as it must be."""

    lane: Lane
    # An INSERT of it was executed; somebody was told; its owner took it back.
    born: bool = False
    promised: bool = False
    deleted: bool = False

    status: TaskStatus = TaskStatus.PENDING
    code: FailureCode | None = None
    number: int | None = None
    keys: list[str] = field(default_factory=list)

    attempts: int = 0
    crashes: int = 0
    postponements: int = 0
    queued_at: datetime | None = None
    due: datetime | None = None
    # The run that holds it.
    holder: str | None = None
    leased_until: datetime | None = None
    claimed_revision: int | None = None
    # A new run began in this step.
    reopened: bool = False

    def release(self) -> None:
        """Nobody holds it and it waits for nothing."""
        self.holder = self.leased_until = self.claimed_revision = self.due = None

    def is_held(self, now: datetime) -> bool:
        """Whether a run has it to itself."""
        return self.leased_until is not None and self.leased_until > now


class Ledger:
    """The book of one example. Every method notes what one executed statement did."""

    def __init__(self) -> None:
        self.tasks: dict[UUID, Task] = {}
        self.paused: set[Lane] = set()
        self._before: Mapping[UUID, Row] = {}

    def promised(self, task_ids: Iterable[UUID]) -> None:
        """Somebody has a 202 for these."""
        for task_id in task_ids:
            self.tasks[task_id].promised = True

    def queued(self, task_ids: Iterable[UUID], now: datetime) -> None:
        """`mark_enqueued`: only what is not marked yet."""
        for task_id in task_ids:
            task = self.tasks[task_id]
            if task.status is TaskStatus.PENDING and task.queued_at is None:
                task.queued_at = now

    def forgot(self, unqueued: Iterable[UUID]) -> None:
        """`forget_queued`: it says how many, not which, so these are all that are unqueued now."""
        for task_id in unqueued:
            self.tasks[task_id].queued_at = None

    def due_to_publish(
        self,
        task_id: UUID,
        reason: RepublishReason,
        given_out_until: Mapping[Lane, datetime],
        now: datetime,
    ) -> None:
        """A relay publishes the task: it must have that reason, and a healthy one has none."""
        task = self.tasks[task_id]
        assert task.status is TaskStatus.PENDING, "an ended task was published"
        assert task.lane not in self.paused, "a paused lane was published"
        waits = task.leased_until is None and task.due is None
        assert {
            RepublishReason.NEVER_QUEUED: waits and task.queued_at is None,
            RepublishReason.ATTEMPT_DUE: task.due is not None and task.due <= now,
            RepublishReason.LEASE_EXPIRED: (
                task.leased_until is not None and task.leased_until <= now
            ),
            RepublishReason.MESSAGE_LOST: (
                waits
                and task.queued_at is not None
                and task.queued_at < min(now, given_out_until[task.lane]) - timedelta(minutes=1)
            ),
        }[reason], f"published as {reason} without that reason"

    def republished(self, task_ids: Iterable[UUID], now: datetime) -> None:
        """`mark_republished`: back to queued."""
        for task_id in task_ids:
            self.tasks[task_id].release()
            self.tasks[task_id].queued_at = now

    def claimed(self, claim: ClaimedTask, holder: str, until: datetime, now: datetime) -> None:
        """A run began."""
        task = self.tasks[claim.task_id]
        assert task.status is TaskStatus.PENDING, "an ended task was claimed"
        assert not task.is_held(now), "two runs at once"
        assert task.due is None or task.due <= now, "claimed before it was due"
        assert task.attempts - task.postponements < task_claims.MAX_RUNS, "too many runs"
        task.release()
        task.attempts += 1
        task.holder, task.leased_until, task.claimed_revision = holder, until, claim.revision

    def fenced(self, claim: ClaimedTask) -> None:
        """A run changed its task: it must have been its own still."""
        assert self.tasks[claim.task_id].claimed_revision == claim.revision, "a lost run wrote"

    def held(self, task_id: UUID, holder: str) -> None:
        """A parent changed the task of its dead process: it must have been that process's."""
        assert self.tasks[task_id].holder == holder, "somebody else was held to account"

    def postponed(self, task_id: UUID, due: datetime) -> None:
        """A run gave its task back for later."""
        task = self.tasks[task_id]
        task.release()
        task.due = due
        task.postponements += 1

    def crashed(self, task_id: UUID) -> None:
        """A parent counted a death."""
        task = self.tasks[task_id]
        task.release()
        task.crashes += 1
        task.queued_at = None

    def given_back(self, task_id: UUID) -> None:
        """A parent freed the task of a process that it ended itself."""
        task = self.tasks[task_id]
        task.release()
        task.queued_at = None

    def ended(
        self, task_id: UUID, code: FailureCode | None, number: int | None, keys: Sequence[str] = ()
    ) -> None:
        """Somebody ended the run: the first and only one, and nobody changes it afterwards."""
        task = self.tasks[task_id]
        assert task.status is TaskStatus.PENDING, "a second result"
        if code is FailureCode.CRASHED:
            vanished = task.attempts - task.postponements >= task_claims.MAX_RUNS
            assert task.crashes >= task_claims.MAX_CRASHES or vanished, "crashed without crashes"
        task.release()
        task.status = TaskStatus.FAILURE if code else TaskStatus.SUCCESS
        task.code, task.number, task.keys = code, number, list(keys)

    def reopened(self, task_id: UUID) -> None:
        """Its owner began a new run: the old one's counts are gone, its revisions are not."""
        task = self.tasks[task_id]
        assert task.status is TaskStatus.FAILURE, "a task was retried that had not failed"
        self.tasks[task_id] = Task(task.lane, born=True, promised=task.promised, reopened=True)

    def deleted(self, task_id: UUID) -> None:
        """Its owner deleted the photo."""
        self.tasks[task_id].deleted = True

    def check(self, rows: Rows, storage: ObjectStorage) -> None:
        """Hold everything against the rows."""
        assert rows.photos.keys() <= self.tasks.keys()
        for task_id, task in self.tasks.items():
            row = rows.photos.get(task_id)
            if row is None:
                assert task.deleted or not (task.born or task.promised), "a task is lost"
            else:
                self._check_task(task, row, self._before.get(task_id))
            task.reopened = False
        photos = rows.photos.values()
        counted = Counter(row["batch_id"] for row in photos if row["status"] == TaskStatus.PENDING)
        assert rows.pending == {batch_id: counted[batch_id] for batch_id in rows.pending}
        storage.check(key for row in photos for key in row["keys"])
        self._before = rows.photos

    def _check_task(self, task: Task, row: Row, before: Row | None) -> None:
        assert task.born, "a task from nowhere"
        assert not task.deleted, "a task came back"
        assert (row["status"], row["error_code"]) == (task.status, task.code), "another result"
        assert row["random_number"] == task.number, "another run's result"
        assert row["keys"] == task.keys, "another run's renditions"
        counts = (row["attempts"], row["crashes"], row["postponements"])
        assert counts == (task.attempts, task.crashes, task.postponements)
        if task.status is TaskStatus.PENDING:
            lease = (row["claimed_by"], row["lease_expires_at"], row["next_attempt_at"])
            assert lease == (task.holder, task.leased_until, task.due)
            assert row["enqueued_at"] == task.queued_at
        if before is None:
            return
        assert row["revision"] >= before["revision"], "the revision fell"
        if any(row[name] != before[name] for name in _STATE):
            assert row["revision"] > before["revision"], "a transition without a revision"
        if before["status"] != TaskStatus.PENDING and not task.reopened:
            assert row == before, "a result changed"
