"""Whatever named holders ask for and give back, in any order: shares hold and nobody is stuck."""

import asyncio
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from photo_objects.buffer_budget import BufferBudget, Reservation

CAPACITY = 12
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["a", "b", None]), st.integers(1, CAPACITY)),
        st.integers(0, 20),  # release the reservation of this number
    ),
    max_size=40,
)
Waiting = tuple[str | None, int, asyncio.Task[Reservation]]


async def _settle() -> None:
    for _ in range(4):
        await asyncio.sleep(0)


def _check(budget: BufferBudget, entries: list[Waiting]) -> None:
    held: Counter[str | None] = Counter()
    largest: Counter[str | None] = Counter()
    for holder, _, task in entries:
        if task.done():
            held[holder] += task.result().size
            largest[holder] = max(largest[holder], task.result().size)
    assert budget.reserved == held.total() <= CAPACITY
    for holder in ("a", "b"):
        assert held[holder] <= max(CAPACITY // 2, largest[holder])
    for holder, size, task in entries:
        within_share = holder is None or not held[holder] or held[holder] + size <= CAPACITY // 2
        if not task.done() and within_share:
            assert budget.reserved + size > CAPACITY, "someone waits who could be served"
            return


@settings(max_examples=80, deadline=None, derandomize=True)
@given(steps=STEPS)
def test_shares_hold_and_nobody_waits_for_nothing(
    steps: list[tuple[str | None, int] | int],
) -> None:
    async def run() -> None:
        budget = BufferBudget(CAPACITY)
        entries: list[Waiting] = []
        for step in steps:
            if isinstance(step, int):
                granted = [entry for entry in entries if entry[2].done() and entry[2].result().size]
                if granted:
                    granted[step % len(granted)][2].result().release()
            else:
                task = asyncio.create_task(budget.reserve(step[1], step[0]))
                entries.append((*step, task))
            await _settle()
            _check(budget, entries)
        async with asyncio.timeout(20):
            while any(not task.done() or task.result().size for _, _, task in entries):
                for _, _, task in entries:
                    if task.done():
                        task.result().release()
                await _settle()
        assert (budget.reserved, budget.waiting) == (0, 0)

    asyncio.run(run())
