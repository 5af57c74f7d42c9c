"""Arrivals, releases and cancellations in any order, checked against a queue of plain numbers."""

import asyncio

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from photo_objects.buffer_budget import BufferBudget, Reservation

CAPACITY = 12


class BudgetMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.budget = BufferBudget(CAPACITY)
        self.line: list[tuple[int, asyncio.Task[Reservation]]] = []
        self.held: list[Reservation] = []

    def _run(self) -> None:
        async def turns() -> None:
            for _ in range(4):
                await asyncio.sleep(0)

        self.loop.run_until_complete(turns())
        granted = [entry for entry in self.line if entry[1].done()]
        assert granted == self.line[: len(granted)], "someone was overtaken"
        del self.line[: len(granted)]
        self.held += [task.result() for _, task in granted]

    @rule(size=st.integers(1, CAPACITY))
    def arrive(self, size: int) -> None:
        self.line.append((size, self.loop.create_task(self.budget.reserve(size))))
        self._run()

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        self.held.pop(data.draw(st.integers(0, len(self.held) - 1))).release()
        self._run()

    @precondition(lambda self: self.line)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        self.line.pop(data.draw(st.integers(0, len(self.line) - 1)))[1].cancel()
        self._run()

    @precondition(lambda self: self.line and self.held)
    @rule(data=st.data(), cancel_first=st.booleans())
    def release_and_cancel_in_one_turn(self, data: st.DataObject, cancel_first: bool) -> None:
        # A draw may end the example: nothing is taken out before both are made.
        waiter = data.draw(st.integers(0, len(self.line) - 1))
        holder = data.draw(st.integers(0, len(self.held) - 1))
        _, task = self.line.pop(waiter)
        reservation = self.held.pop(holder)
        if cancel_first:
            task.cancel()
        reservation.release()
        if not cancel_first:
            task.cancel()
        self._run()
        assert task.cancelled()

    @invariant()
    def exactly_what_is_held_is_reserved(self) -> None:
        assert self.budget.reserved == sum(reservation.size for reservation in self.held)
        assert self.budget.reserved <= self.budget.peak <= CAPACITY

    @invariant()
    def nobody_waits_who_could_be_served(self) -> None:
        assert self.budget.waiting == len(self.line)
        if self.line:
            assert self.budget.reserved + self.line[0][0] > CAPACITY

    def teardown(self) -> None:
        while self.held:
            self.held.pop().release()
            self._run()
        assert not self.line
        assert self.budget.reserved == 0
        self.loop.close()


TestBudget = BudgetMachine.TestCase
TestBudget.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
