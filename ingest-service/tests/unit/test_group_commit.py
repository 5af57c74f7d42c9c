"""Calls that arrive while a commit is under way share the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from ingest_service.group_commit import GroupCommit


class Commits:
    """Notes every group; holds each until the test lets it go."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.begun = asyncio.Condition()
        self.gate = asyncio.Semaphore(0)
        self.answer: Callable[[Sequence[str]], Sequence[str | Exception]] = lambda group: [
            item.upper() for item in group
        ]

    async def __call__(self, group: Sequence[str]) -> Sequence[str | Exception]:
        async with self.begun:
            self.groups.append(list(group))
            self.begun.notify_all()
        await self.gate.acquire()
        return self.answer(group)

    def let_go(self, count: int = 1) -> None:
        for _ in range(count):
            self.gate.release()

    async def until_begun(self, count: int) -> None:
        async with asyncio.timeout(10), self.begun:
            await self.begun.wait_for(lambda: len(self.groups) >= count)


@pytest.fixture
async def commits() -> Commits:
    return Commits()


@pytest.fixture
async def group_commit(commits: Commits) -> GroupCommit[str, str]:
    return GroupCommit(commits, max_weight=10)


Submit = Callable[..., Awaitable["asyncio.Task[str]"]]


@pytest.fixture
async def submit(group_commit: GroupCommit[str, str]) -> Submit:
    """Submits in a task of its own, and returns once the item is in the queue."""

    async def call(item: str, weight: int = 1) -> "asyncio.Task[str]":
        task = asyncio.create_task(group_commit.submit(item, weight))
        await asyncio.sleep(0)
        return task

    return call


async def test_an_idle_committer_starts_a_group_of_one_at_once(
    commits: Commits, submit: Submit
) -> None:
    only = await submit("a")
    await commits.until_begun(1)
    assert commits.groups == [["a"]]
    commits.let_go()
    assert await only == "A"


async def test_calls_during_a_commit_share_the_next_group_in_their_order(
    commits: Commits, submit: Submit
) -> None:
    tasks = [await submit("a")]
    await commits.until_begun(1)
    tasks += [await submit(item) for item in "bcd"]
    commits.let_go(2)
    assert await asyncio.gather(*tasks) == ["A", "B", "C", "D"]
    assert commits.groups == [["a"], ["b", "c", "d"]]


async def test_one_group_is_under_way_at_a_time(commits: Commits, submit: Submit) -> None:
    tasks = [await submit("a")]
    await commits.until_begun(1)
    tasks.append(await submit("b"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert commits.groups == [["a"]]
    commits.let_go(2)
    await asyncio.gather(*tasks)


async def test_a_group_is_bounded_by_weight(commits: Commits, submit: Submit) -> None:
    tasks = [await submit("a")]
    await commits.until_begun(1)
    tasks += [await submit(item, weight) for item, weight in [("b", 6), ("c", 4), ("d", 1)]]
    commits.let_go(3)
    await asyncio.gather(*tasks)
    assert commits.groups == [["a"], ["b", "c"], ["d"]]


async def test_an_item_over_the_bound_gets_a_group_of_its_own(
    commits: Commits, submit: Submit
) -> None:
    tasks = [await submit("a")]
    await commits.until_begun(1)
    tasks += [await submit(item, weight) for item, weight in [("b", 1), ("c", 11), ("d", 1)]]
    commits.let_go(4)
    await asyncio.gather(*tasks)
    assert commits.groups == [["a"], ["b"], ["c"], ["d"]]


async def test_an_error_that_is_raised_belongs_to_its_group_only(
    commits: Commits, submit: Submit
) -> None:
    def refuse(group: Sequence[str]) -> Sequence[str]:
        raise ConnectionError("lost")

    first = await submit("a")
    await commits.until_begun(1)
    second, third = await submit("b"), await submit("c")
    commits.let_go()
    assert await first == "A"
    await commits.until_begun(2)
    answer, commits.answer = commits.answer, refuse
    fourth = await submit("d")
    commits.let_go()
    for task in (second, third):
        with pytest.raises(ConnectionError):
            await task
    commits.answer = answer
    commits.let_go()
    assert await fourth == "D"


async def test_an_error_that_is_answered_belongs_to_its_caller_only(
    commits: Commits, submit: Submit
) -> None:
    commits.answer = lambda group: [
        ValueError(item) if item == "c" else item.upper() for item in group
    ]
    tasks = [await submit(item) for item in "abcd"]
    commits.let_go(2)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["A", "B", "c", "D"]
    assert isinstance(outcomes[2], ValueError)


async def test_a_caller_that_goes_away_in_the_middle_leaves_its_group_alone(
    commits: Commits, submit: Submit
) -> None:
    first = await submit("a")
    await commits.until_begun(1)
    leaver, stayer = await submit("b"), await submit("c")
    commits.let_go()
    await commits.until_begun(2)
    leaver.cancel()
    commits.let_go()
    assert await stayer == "C"
    assert await first == "A"
    with pytest.raises(asyncio.CancelledError):
        await leaver


async def test_a_caller_that_goes_away_before_its_group_began_is_left_out(
    commits: Commits, submit: Submit
) -> None:
    tasks = [await submit("a")]
    await commits.until_begun(1)
    leaver, stayer = await submit("b"), await submit("c")
    leaver.cancel()
    await asyncio.wait([leaver])
    commits.let_go(2)
    assert await asyncio.gather(*tasks, stayer) == ["A", "C"]
    assert commits.groups == [["a"], ["c"]]


async def test_a_group_that_everybody_left_is_not_committed(
    commits: Commits, submit: Submit, group_commit: GroupCommit[str, str]
) -> None:
    first = await submit("a")
    await commits.until_begun(1)
    leavers = [await submit("b"), await submit("c")]
    for leaver in leavers:
        leaver.cancel()
    await asyncio.wait(leavers)
    commits.let_go()
    await group_commit.drain()
    assert await first == "A"
    assert commits.groups == [["a"]]


async def test_draining_waits_for_everything_that_was_submitted(
    commits: Commits, submit: Submit, group_commit: GroupCommit[str, str]
) -> None:
    tasks = [await submit(item) for item in "abc"]
    draining = asyncio.create_task(group_commit.drain())
    await commits.until_begun(1)
    assert not draining.done()
    commits.let_go(2)
    await draining
    assert all(task.done() for task in tasks) or await asyncio.gather(*tasks)


async def test_an_idle_committer_is_drained_at_once(group_commit: GroupCommit[str, str]) -> None:
    await group_commit.drain()


async def test_a_committer_that_fell_idle_starts_again(commits: Commits, submit: Submit) -> None:
    commits.let_go(2)
    assert await (await submit("a")) == "A"
    assert await (await submit("b")) == "B"
    assert commits.groups == [["a"], ["b"]]
