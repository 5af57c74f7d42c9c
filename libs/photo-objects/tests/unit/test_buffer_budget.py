import asyncio

import pytest

from photo_objects.buffer_budget import BufferBudget, Reservation


async def _turns(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_bytes_are_counted_while_they_are_held() -> None:
    budget = BufferBudget(10)

    with await budget.reserve(4), await budget.reserve(6):
        assert budget.reserved == 10

    assert (budget.capacity, budget.reserved, budget.peak, budget.waiting) == (10, 0, 10, 0)


async def test_a_second_release_gives_nothing_back() -> None:
    budget = BufferBudget(10)
    first, second = await budget.reserve(4), await budget.reserve(6)

    first.release()
    first.release()

    assert budget.reserved == second.size == 6


@pytest.mark.parametrize("size", [0, -1, 11])
async def test_a_size_that_can_never_be_granted_is_an_error(size: int) -> None:
    with pytest.raises(ValueError, match="1 to 10 bytes"):
        await BufferBudget(10).reserve(size)


def test_a_budget_without_bytes_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one byte"):
        BufferBudget(0)


async def test_a_large_request_is_not_overtaken_by_small_ones() -> None:
    budget = BufferBudget(10)
    held = await budget.reserve(5)
    large = asyncio.create_task(budget.reserve(10))
    await _turns()
    small = asyncio.create_task(budget.reserve(1))
    await _turns()
    assert budget.waiting == 2

    held.release()
    await _turns()

    assert large.done()
    assert not small.done()
    large.result().release()
    (await small).release()
    assert budget.reserved == 0


async def test_one_release_serves_everyone_who_fits() -> None:
    budget = BufferBudget(10)
    held = await budget.reserve(10)
    waiting = [asyncio.create_task(budget.reserve(size)) for size in (3, 3, 4, 1)]
    await _turns()

    held.release()
    await _turns()

    assert [task.done() for task in waiting] == [True, True, True, False]
    waiting[0].result().release()
    await waiting[3]


async def test_a_waiter_that_is_cancelled_lets_those_behind_it_through() -> None:
    budget = BufferBudget(10)
    held = await budget.reserve(5)
    large = asyncio.create_task(budget.reserve(10))
    small = asyncio.create_task(budget.reserve(5))
    await _turns()

    large.cancel()
    await _turns()

    assert large.cancelled()
    assert small.done()
    held.release()
    small.result().release()
    assert (budget.reserved, budget.waiting) == (0, 0)


async def test_a_waiter_cancelled_right_after_its_grant_gives_the_bytes_back() -> None:
    budget = BufferBudget(10)
    held = await budget.reserve(10)
    first = asyncio.create_task(budget.reserve(10))
    second = asyncio.create_task(budget.reserve(10))
    await _turns()

    held.release()
    assert budget.reserved == 10
    first.cancel()
    await _turns()

    assert first.cancelled()
    assert second.done()
    second.result().release()
    assert budget.reserved == 0


async def test_a_waiter_cancelled_right_before_the_release_blocks_nobody() -> None:
    budget = BufferBudget(10)
    held = await budget.reserve(10)
    first = asyncio.create_task(budget.reserve(10))
    second = asyncio.create_task(budget.reserve(10))
    await _turns()

    first.cancel()
    held.release()
    await _turns()

    assert first.cancelled()
    assert second.done()
    second.result().release()
    assert budget.reserved == 0


async def test_a_newcomer_does_not_overtake_a_line_whose_head_was_just_cancelled() -> None:
    budget = BufferBudget(10)
    held = await budget.reserve(5)
    head = asyncio.create_task(budget.reserve(10))
    second = asyncio.create_task(budget.reserve(5))
    await _turns()
    newcomer = asyncio.create_task(budget.reserve(5))

    head.cancel()
    await _turns()

    assert second.done()
    assert not newcomer.done()
    held.release()
    await newcomer


async def test_many_tasks_end_with_every_byte_given_back() -> None:
    budget = BufferBudget(100)

    async def hold(size: int) -> None:
        reservation: Reservation
        with await budget.reserve(size) as reservation:
            assert reservation.size == size
            await _turns(size % 5)

    async with asyncio.timeout(20):
        await asyncio.gather(*(hold(1 + number % 100) for number in range(500)))

    assert budget.reserved == 0
    assert budget.peak <= 100


async def test_one_holder_gets_half_and_does_not_hold_up_those_behind() -> None:
    budget = BufferBudget(10)
    first = await budget.reserve(5, "slow")
    more = [asyncio.create_task(budget.reserve(5, "slow")) for _ in range(3)]
    await _turns()
    assert not any(task.done() for task in more)

    async with asyncio.timeout(20):
        other = await budget.reserve(5, "other")
    other.release()
    await _turns()
    assert not any(task.done() for task in more)

    first.release()
    await _turns()
    assert [task.done() for task in more] == [True, False, False]
    for task in more:
        (await task).release()
    assert (budget.reserved, budget.waiting) == (0, 0)


async def test_a_holder_with_nothing_gets_more_than_half_at_once() -> None:
    budget = BufferBudget(10)
    with await budget.reserve(8, "large"):
        assert budget.reserved == 8


async def test_a_holder_at_its_share_that_is_cancelled_leaves_the_line() -> None:
    budget = BufferBudget(10)
    held = await budget.reserve(5, "slow")
    waiting = asyncio.create_task(budget.reserve(5, "slow"))
    await _turns()

    waiting.cancel()
    await _turns()

    assert (budget.reserved, budget.waiting) == (5, 0)
    held.release()
    with await budget.reserve(5, "slow"):
        assert budget.reserved == 5
