"""What the processes do, a step at a time: each pauses wherever it could die or be overtaken."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from itertools import count
from typing import TypeVar
from uuid import UUID

from photo_domain.failure import FailureCode
from photo_domain.object_keys import rendition_key
from photo_records.outbox import OutboxTask, RepublishReason, mark_republished
from photo_records.registration import NewBatch
from photo_records.task_claims import ClaimedTask
from photo_records.task_queue import Lane

from .broker import Arrival, Broker, BrokerAwayError, Delivery
from .database import Database
from .ledger import Ledger
from .object_storage import ObjectStorage, StoredObject
from .statements import GROUP, Statements

AnswerT = TypeVar("AnswerT")

DELAY = timedelta(seconds=600)
# Short enough for a walk to reach it.
_LONGEST_TROUBLE = 2 * DELAY
_TRIES = 2
_MOST_STEPS = 1_000


class Line(Enum):
    """What becomes of one statement on its way to the database."""

    GOOD = "good"
    # It never arrives; it is committed and the answer lost; it is executed some time later.
    CUT_BEFORE = "cut_before"
    CUT_AFTER = "cut_after"
    LATE = "late"


class Work(Enum):
    """What the processing of a photo comes to."""

    WELL = "well"
    BAD_FILE = "bad_file"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Step:
    """What meets a process on its next step."""

    line: Line = Line.GOOD
    arrival: Arrival = Arrival.ALL
    work: Work = Work.WELL
    # Another relay looks for the same rows before this one has marked them.
    rival: bool = False


Process = Generator[None, Step, None]


class ConnectionLostError(Exception):
    """The caller does not learn what became of its statement."""


class _TroubleError(Exception):
    """The storage does not answer."""


@dataclass(slots=True)
class World:
    """Everything that the processes share."""

    database: Database
    statements: Statements
    ledger: Ledger
    broker: Broker = field(default_factory=Broker)
    storage: ObjectStorage = field(default_factory=ObjectStorage)
    # Statements that are still under way though nobody waits for them.
    adrift: list[Callable[[], object]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def now(self) -> datetime:
        """What everybody takes for now."""
        return self.database.now

    def send(self, line: Line, statement: Callable[[], AnswerT]) -> AnswerT:
        """The answer to the statement. Raises ConnectionLostError."""
        if line is Line.LATE:
            self.adrift.append(statement)
        if line in {Line.LATE, Line.CUT_BEFORE}:
            raise ConnectionLostError
        answer = statement()
        if line is Line.CUT_AFTER:
            raise ConnectionLostError
        return answer

    def check(self) -> None:
        """Hold the ledger against the rows and the storage."""
        self.ledger.check(self.database.rows(), self.storage)


def started(process: Process) -> Process:
    """The process, waiting for its first step."""
    next(process)
    return process


def finish(process: Process) -> None:
    """Let the process come to its end without a fault."""
    next(process)
    for _ in range(_MOST_STEPS):
        try:
            process.send(Step())
        except StopIteration:
            return
    raise AssertionError("a process does not end")


def register(world: World, batch: NewBatch) -> Process:
    """ingest-service: rows, answer, messages, mark."""
    for _ in range(_TRIES):
        step = yield
        with suppress(ConnectionLostError):
            registered = world.send(step.line, lambda: world.statements.insert(batch))
            break
    else:
        return  # 503: the outcome is unknown, nothing was promised
    world.ledger.promised(photo.task_id for photo in registered.photos)
    yield from publish(world, batch.lane, [photo.task_id for photo in batch.photos])


def publish(world: World, lane: Lane, task_ids: Sequence[UUID]) -> Process:
    """ingest-service: the messages behind an answer, then the mark."""
    yield
    if lane in world.statements.paused_lanes():
        return
    step = yield
    try:
        world.broker.publish([(lane, task_id) for task_id in task_ids], world.now, step.arrival)
    except BrokerAwayError:
        return
    step = yield
    with suppress(ConnectionLostError):
        world.send(step.line, lambda: world.statements.mark_enqueued(task_ids))


def relay(world: World) -> Process:
    """ingest-service: one look at the outbox after the other, whatever interrupts them."""
    while True:
        with suppress(BrokerAwayError, ConnectionLostError):
            yield from look(world)


def look(world: World) -> Process:
    """One look of a relay. Raises BrokerAwayError, ConnectionLostError."""
    yield
    if not world.broker.remembers:
        yield
        while world.statements.forget():
            yield
        world.broker.remembers = True
    yield
    for reason in RepublishReason:
        full = True
        while full:
            step = yield
            group = _relay_group(world, reason, step)
            full = len(world.database.run(group)) == GROUP


async def _relay_group(world: World, reason: RepublishReason, step: Step) -> list[OutboxTask]:
    until = world.broker.given_out_until()
    async with world.database.pool.acquire() as connection, connection.transaction():
        tasks = await world.statements.take_due(connection, reason, until)
        if step.rival:
            others = await _relay_group(world, reason, Step())
            assert not {task.task_id for task in tasks} & {task.task_id for task in others}
        for task in tasks:
            world.ledger.due_to_publish(task.task_id, reason, until, world.now)
        if tasks:
            messages = [(task.lane, task.task_id) for task in tasks]
            world.broker.publish(messages, world.now, step.arrival)
        if step.line in {Line.CUT_BEFORE, Line.LATE}:
            raise ConnectionLostError
        await mark_republished(connection, [task.photo_id for task in tasks])
    world.ledger.republished([task.task_id for task in tasks], world.now)
    if step.line is Line.CUT_AFTER:
        raise ConnectionLostError
    return tasks


def work(world: World, delivery: Delivery, name: str) -> Process:
    """A process of the worker, `image_handler`: claim, store, end, acknowledge."""
    for _ in range(_TRIES):
        step = yield
        with suppress(ConnectionLostError):
            claim = world.send(step.line, lambda: world.statements.claim(delivery.task_id, name))
            break
    else:
        world.broker.put_back(delivery)
        return
    if claim:
        yield from _run(world, claim, name)
    else:
        step = yield
        try:
            world.send(step.line, lambda: world.statements.exhaust(delivery.task_id))
        except ConnectionLostError:
            world.broker.put_back(delivery)
            return
    yield
    world.broker.acknowledge(delivery)


def _run(world: World, claim: ClaimedTask, name: str) -> Process:
    statements = world.statements
    try:
        step = yield
        if step.work is Work.BAD_FILE:
            world.send(step.line, lambda: statements.fail(claim, FailureCode.CORRUPT_IMAGE))
        else:
            world.storage.at_work.add(name)
            yield from _store_and_succeed(world, claim, name, step)
            world.storage.at_work.discard(name)
    except (ConnectionLostError, _TroubleError):
        world.storage.at_work.discard(name)
        step = yield
        with suppress(ConnectionLostError):
            if claim.postponed_for >= _LONGEST_TROUBLE:
                code = FailureCode.STORAGE_UNAVAILABLE
                world.send(step.line, lambda: statements.fail(claim, code))
            else:
                world.send(step.line, lambda: statements.postpone(claim, DELAY))


def _store_and_succeed(world: World, claim: ClaimedTask, name: str, step: Step) -> Process:
    storage = world.storage
    keys: list[str] = []
    for rendition in ("preview", "thumbnail"):
        if step.work is Work.TROUBLE:
            storage.remove(keys)
            raise _TroubleError
        keys.append(rendition_key(claim.task_id, claim.revision, rendition))
        storage.create(keys[-1], StoredObject(name, claim.task_id, world.now))
        step = yield
    number = next(world.numbers)
    try:
        ended = world.send(step.line, lambda: world.statements.succeed(claim, number, keys))
    except ConnectionLostError:
        storage.left_behind |= set(keys)
        raise
    if not ended:
        yield
        storage.remove(keys)


def discard(world: World, keys: Sequence[str]) -> Process:
    """ingest-service: the objects of a deleted photo, after the commit."""
    yield
    world.storage.remove(keys)
