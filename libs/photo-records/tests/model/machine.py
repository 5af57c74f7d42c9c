"""The machine that looks for an interleaving which loses or doubles a result."""

import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from enum import Enum
from itertools import count
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from photo_records.task_actions import WrongStatusError
from photo_records.task_claims import CrashVerdict
from photo_records.task_queue import Lane

from .broker import Arrival, Mischief
from .child import Child
from .database import Database
from .ledger import Ledger, Task
from .liveness import end_everything, old_objects, sweep
from .new_batch import new_batch
from .processes import (
    ConnectionLostError,
    Line,
    Process,
    Step,
    Work,
    World,
    discard,
    finish,
    look,
    publish,
    register,
    relay,
    started,
)
from .statements import Statements

_HARD_LIMIT = timedelta(seconds=120)
_CHILDREN = 3
_RELAYS = 2

_any = st.integers(0, 11)
# Mostly well: a walk of nothing but faults does not come far.
_lines = st.sampled_from([Line.GOOD] * 12 + list(Line))
_steps = st.builds(
    Step,
    _lines,
    st.sampled_from([Arrival.ALL] * 12 + list(Arrival)),
    st.sampled_from([Work.WELL] * 6 + list(Work)),
    st.booleans(),
)
# Just below and above 5 s, a minute, the hard limit, the lease and the postponement; a day.
_spans = st.sampled_from([1, 4, 5, 6, 55, 59, 60, 61, 100, 120, 134, 135, 136, 599, 600, 86_400])


class Wish(Enum):
    """What owners and operators may ask for."""

    RETRY = "retry"
    CANCEL = "cancel"
    DELETE = "delete"
    PAUSE = "pause"
    RESUME = "resume"


class Protocol(RuleBasedStateMachine):
    """Uploads, relays, workers and owners, with a fault wherever one can be."""

    def __init__(
        self, database: Database, statements_of: Callable[[Database, Ledger], Statements]
    ) -> None:
        super().__init__()
        database.clear()
        ledger = Ledger()
        self.world = World(database, statements_of(database, ledger), ledger)
        self.broker, self.storage = self.world.broker, self.world.storage
        self.ledger, self.statements = ledger, self.world.statements
        # Registrations, publishes and removals under way in ingest-service.
        self.calls: list[Process] = []
        self.relays = [started(relay(self.world)) for _ in range(_RELAYS)]
        self._pids = count()
        self.children = [self._new_child() for _ in range(_CHILDREN)]

    def _new_child(self) -> Child:
        return Child(f"host:worker:{next(self._pids)}")

    # Uploads

    @initialize(steps=st.lists(_steps, max_size=4))
    def begin(self, steps: list[Step]) -> None:
        self.upload(Lane.INTERACTIVE, 2)
        for step in steps:
            self.calls_and_children_go_on([(0, step)])

    @precondition(lambda self: len(self.ledger.tasks) < 6)
    @rule(lane=st.sampled_from(Lane), files=st.integers(1, 2))
    def upload(self, lane: Lane, files: int) -> None:
        batch = new_batch(lane, files)
        self.ledger.tasks |= {photo.task_id: Task(lane) for photo in batch.photos}
        self.calls.append(started(register(self.world, batch)))

    @rule(moves=st.lists(st.tuples(_any, _steps), min_size=2, max_size=8))
    def calls_and_children_go_on(self, moves: list[tuple[int, Step]]) -> None:
        for which, step in moves:
            able: list[Process | Child] = [*self.calls, *self._busy(), *self._idle()]
            if able:
                self._move(able[which % len(able)], step)
                self.world.check()

    @rule(which=st.integers(0, _RELAYS - 1), steps=st.lists(_steps, min_size=3, max_size=8))
    def a_relay_goes_on(self, which: int, steps: list[Step]) -> None:
        for step in steps:
            self.relays[which].send(step)
            self.world.check()

    def _move(self, mover: Process | Child, step: Step) -> None:
        if not isinstance(mover, Child):
            if _has_ended(mover, step):
                self.calls.remove(mover)
        elif mover.process is None:
            mover.take(self.world)
        elif _has_ended(mover.process, step):
            mover.delivery = mover.process = None
            if mover.doomed:
                self._bury(mover)

    # Faults

    @precondition(lambda self: self.calls or self._busy())
    @rule(which=_any, seen=st.booleans(), line=_lines, again=st.booleans())
    def a_process_dies(self, which: int, seen: bool, line: Line, again: bool) -> None:
        """A child, seen by its parent or together with it; or ingest-service."""
        busy = self._busy()
        if which == 0 or not busy:
            self.calls.clear()
            self.relays = [started(relay(self.world)) for _ in range(_RELAYS)]
            return
        child = busy[which % len(busy)]
        self._bury(child)
        delivery = child.delivery
        if child.doomed or not seen or delivery is None:
            return
        verdict = self._write(
            lambda: self.statements.count_crash(delivery.task_id, child.name), line, again
        )
        if verdict is CrashVerdict.ENDED:
            self.broker.acknowledge(delivery)
        else:
            self.broker.put_back(delivery)

    @precondition(lambda self: self._overdue())
    @rule(which=_any, line=_lines, again=st.booleans(), still=st.booleans())
    def a_parent_ends_an_overdue_child(
        self, which: int, line: Line, again: bool, still: bool
    ) -> None:
        overdue = self._overdue()
        child = overdue[which % len(overdue)]
        delivery = child.delivery
        assert delivery
        child.doomed = True
        if still:
            self._write(
                lambda: self.statements.give_back(delivery.task_id, child.name), line, again
            )
            self.broker.put_back(delivery)
        else:
            self._write(lambda: self.statements.time_out(delivery.task_id, child.name), line, again)
            self.broker.acknowledge(delivery)

    def _busy(self) -> list[Child]:
        return [child for child in self.children if child.process]

    def _overdue(self) -> list[Child]:
        limit = self.world.now - _HARD_LIMIT
        return [c for c in self._busy() if not c.doomed and c.since and c.since <= limit]

    def _idle(self) -> list[Child]:
        has_work = any(self.broker.lanes.values())
        return [child for child in self.children if has_work and child.process is None][:1]

    def _bury(self, child: Child) -> None:
        self.storage.maker_died(child.name)
        self.children[self.children.index(child)] = self._new_child()

    def _write(self, statement: Callable[[], object], line: Line, again: bool) -> object:
        """What a parent writes, twice if it must; None where it does not learn the answer."""
        try:
            return self.world.send(line, statement)
        except ConnectionLostError:
            return statement() if again else None

    @precondition(lambda self: self.broker.history)
    @rule(how=st.sampled_from(Mischief), which=_any)
    def the_broker_misbehaves(self, how: Mischief, which: int) -> None:
        self.broker.misbehave(how, which)

    @precondition(lambda self: self.world.adrift)
    @rule(which=_any)
    def a_late_statement_is_executed(self, which: int) -> None:
        adrift = self.world.adrift
        adrift.pop(which % len(adrift))()

    @rule(seconds=_spans, relayed=st.booleans())
    def time_passes(self, seconds: int, relayed: bool) -> None:
        self.world.database.pass_time(seconds)
        if relayed:
            finish(look(self.world))

    @precondition(lambda self: bool(old_objects(self.world)))
    @rule()
    def the_sweeper_comes(self) -> None:
        sweep(self.world)

    # Owners and operators

    @rule(which=_any, wish=st.sampled_from(Wish), answered=st.booleans())
    def somebody_acts(self, which: int, wish: Wish, answered: bool) -> None:
        known = [t for t, task in self.ledger.tasks.items() if task.promised and not task.deleted]
        if wish in {Wish.PAUSE, Wish.RESUME}:
            self.statements.pause(list(Lane)[which % 2], paused=wish is Wish.PAUSE)
        elif known:
            with suppress(WrongStatusError):
                behind = self._act(wish, known[which % len(known)])
                # What follows behind the answer, unless ingest-service dies first.
                if behind and answered:
                    self.calls.append(started(behind))

    def _act(self, wish: Wish, task_id: UUID) -> Process | None:
        if wish is Wish.RETRY:
            task = self.statements.retry(task_id)
            return publish(self.world, task.lane, [task_id])
        if wish is Wish.DELETE:
            keys = self.statements.delete(task_id)
            self.storage.left_behind |= set(keys)
            return discard(self.world, keys)
        self.statements.cancel(task_id)
        return None

    # What must be true

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        self.world.check()

    def teardown(self) -> None:
        if sys.exc_info()[0] is None:
            for child in self.children:
                self.storage.maker_died(child.name)
            end_everything(self.world)


def _has_ended(process: Process, step: Step) -> bool:
    try:
        process.send(step)
    except StopIteration:
        return True
    return False
