"""Actions on many photos go on by themselves, stop when told to, and survive those who run them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from admin_console import bulk_runner
from admin_console.bulk_actions import (
    BulkAction,
    create_bulk_action,
    end_bulk_action,
    find_bulk_action,
    keep_bulk_action,
    release_bulk_action,
    take_bulk_action,
)
from admin_console.bulk_runner import BulkRunner, RunnerPace
from admin_console.photo_actions import Asker, PhotoActions
from photo_domain.errors import ErrorCode
from photo_records.bounded_read import ReadTooSlowError
from photo_records.bulk_action_table import BulkActionState, PhotoAction

QUICK = RunnerPace(look=0.05, trouble=0.05, lease=60)
Ask = Callable[..., Awaitable[int]]


@pytest.fixture
def ask(pool: asyncpg.Pool, asker: Asker) -> Ask:
    async def create(action: PhotoAction, **fields: str) -> int:
        async with pool.acquire() as connection:
            created = await create_bulk_action(connection, asker, action, fields, None, uuid4())
        assert created
        return created

    return create


@pytest.fixture
def look(pool: asyncpg.Pool) -> Callable[[int], Awaitable[BulkAction]]:
    async def find(action_id: int) -> BulkAction:
        found = await find_bulk_action(pool, action_id)
        assert found is not None
        return found

    return find


@pytest.fixture
def open_runner(
    pool: asyncpg.Pool, engine: AsyncEngine, actions: PhotoActions
) -> Callable[..., BulkRunner]:
    return lambda pace=QUICK: BulkRunner(pool, engine, actions, pace)


async def work_off(runner: BulkRunner) -> None:
    while await runner.work_once():
        pass


@asynccontextmanager
async def running(runner: BulkRunner) -> AsyncIterator[None]:
    task = asyncio.create_task(runner.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


async def test_all_photos_that_match_are_retried_and_no_others(
    ask: Ask, look: Any, open_runner: Any, photos: Any, audit_lines: Any
) -> None:
    # More than two steps.
    matching = await photos.add(210, failed="timeout")
    others = await photos.add(3, failed="crashed") + await photos.add(2, owner="bob")
    action_id = await ask(PhotoAction.RETRY, status="FAILURE", error_code="timeout")
    await work_off(open_runner())

    done = await look(action_id)
    assert (done.state, done.done, done.refused) == (BulkActionState.DONE, 210, 0)
    assert done.finished_at is not None
    statuses = await photos.statuses()
    assert {statuses[task_id] for task_id in matching} == {"PENDING"}
    assert [statuses[task_id] for task_id in others[:3]] == ["FAILURE"] * 3
    lines = await audit_lines()
    assert {line[2] for line in lines[:-1]} == set(map(str, matching))
    assert len(lines) == 211
    assert all(json.loads(line[3]) == {"bulk_action": action_id} for line in lines[:-1])
    assert lines[-1][:3] == ("ada", "bulk_action_ended", f"bulk action {action_id}")
    assert not await open_runner().work_once()


async def test_everything_of_an_owner_is_erased(ask: Ask, open_runner: Any, photos: Any) -> None:
    await photos.add(5)
    await photos.add(5, failed="internal")
    kept = await photos.add(2, owner="bob")
    await ask(PhotoAction.DELETE, owner="alice")
    await open_runner().work_once()
    assert set(await photos.statuses()) == set(kept)


async def test_a_long_action_leaves_its_turn_to_the_others(
    ask: Ask, look: Any, open_runner: Any, photos: Any
) -> None:
    await photos.add(210)
    await photos.add(100, owner="bob")
    await photos.add(1, owner="eve")
    runner = open_runner()
    first, second = await ask(PhotoAction.CANCEL, owner="alice"), None
    counts = []
    for _ in range(7):
        await runner.work_once()
        second = second or [await ask(PhotoAction.CANCEL, owner=owner) for owner in ("bob", "eve")]
        counts.append([(await look(each)).done for each in (first, *second)])
    assert counts == [
        [96, 0, 0],
        [96, 96, 0],
        [96, 96, 1],
        [192, 96, 1],
        [192, 100, 1],
        [210, 100, 1],
        [210, 100, 1],
    ]


async def test_an_action_whose_search_is_too_slow_leaves_its_turn_to_the_others(
    ask: Ask, look: Any, open_runner: Any, photos: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = bulk_runner.matching_task_ids

    async def slow_for_alice(connection: Any, wanted: Any, *rest: Any) -> Any:
        if wanted.owner == "alice":
            raise ReadTooSlowError
        return await find(connection, wanted, *rest)

    monkeypatch.setattr(bulk_runner, "matching_task_ids", slow_for_alice)
    await photos.add(1)
    await photos.add(1, owner="bob")
    slow, quick = [await ask(PhotoAction.CANCEL, owner=owner) for owner in ("alice", "bob")]
    runner = open_runner()
    for _ in range(2):
        assert await runner.work_once()
    assert (await look(slow)).trouble == "search_too_slow"
    assert (await look(quick)).state is BulkActionState.DONE
    monkeypatch.undo()
    assert await runner.work_once()
    assert ((await look(slow)).state, (await look(slow)).done) == (BulkActionState.DONE, 1)


async def test_what_is_refused_is_counted_and_holds_nothing_up(
    ask: Ask, look: Any, open_runner: Any, photos: Any
) -> None:
    await photos.add(3)
    await photos.add(2, failed="internal")
    action_id = await ask(PhotoAction.CANCEL, owner="alice")
    await open_runner().work_once()
    ended = await look(action_id)
    assert (ended.state, ended.done, ended.refused) == (BulkActionState.DONE, 3, 2)


async def test_a_service_that_does_not_answer_is_asked_again(
    ask: Ask, look: Any, open_runner: Any, photos: Any, ingest: Any, audit_lines: Any
) -> None:
    await photos.add(4)
    ingest.refusals.extend([ErrorCode.DATABASE_UNAVAILABLE] * 6)
    action_id = await ask(PhotoAction.CANCEL, owner="alice")
    await open_runner().work_once()
    ended = await look(action_id)
    assert (ended.state, ended.done, ended.refused) == (BulkActionState.DONE, 4, 0)
    assert ended.trouble is None
    assert len(ingest.operators) == 10
    # A line a photo, and that of the end.
    assert len(await audit_lines()) == 5


async def test_what_holds_it_up_is_told(
    ask: Ask, look: Any, open_runner: Any, photos: Any, ingest: Any, eventually: Any
) -> None:
    await photos.add(1)
    ingest.refusals.extend([ErrorCode.DATABASE_UNAVAILABLE] * 1000)
    action_id = await ask(PhotoAction.CANCEL, owner="alice")

    async def told() -> bool:
        return bool((await look(action_id)).trouble == "database_unavailable")

    async with running(open_runner()):
        await eventually(told)


async def test_an_action_that_is_stopped_touches_no_more_photos(
    ask: Ask, look: Any, open_runner: Any, photos: Any, ingest: Any, pool: Any, eventually: Any
) -> None:
    task_ids = await photos.add(40)
    ingest.gate.clear()
    action_id = await ask(PhotoAction.CANCEL, owner="alice")

    async def is_at_it() -> bool:
        return bool(ingest.running)

    async with running(open_runner()):
        await eventually(is_at_it)
        async with pool.acquire() as connection:
            assert await end_bulk_action(connection, action_id, BulkActionState.STOPPED)
        ingest.gate.set()

        async def is_idle() -> bool:
            return not ingest.running and len(ingest.operators) == 16

        await eventually(is_idle)
    stopped = await look(action_id)
    assert stopped.state is BulkActionState.STOPPED
    cancelled = [s for s in (await photos.statuses()).values() if s == "FAILURE"]
    assert len(cancelled) == 16 < len(task_ids)


async def test_another_replica_goes_on_where_one_was_shut_down(
    ask: Ask, look: Any, open_runner: Any, photos: Any, ingest: Any, eventually: Any
) -> None:
    await photos.add(120)
    ingest.gate.clear()
    action_id = await ask(PhotoAction.CANCEL, owner="alice")

    async def is_at_it() -> bool:
        return bool(ingest.running)

    async with running(open_runner()):
        await eventually(is_at_it)
    ingest.gate.set()
    # At once: its lease was given back.
    await work_off(open_runner())
    assert (await look(action_id)).state is BulkActionState.DONE
    assert set((await photos.statuses()).values()) == {"FAILURE"}


async def test_another_replica_goes_on_once_the_lease_of_a_dead_one_is_over(
    ask: Ask, look: Any, open_runner: Any, photos: Any, pool: asyncpg.Pool
) -> None:
    await photos.add(3)
    action_id = await ask(PhotoAction.CANCEL, owner="alice")
    # What a runner that was killed leaves behind.
    await pool.execute(
        "UPDATE bulk_actions SET claim = 1, lease_expires_at = now() + interval '1 hour'"
    )
    assert not await open_runner().work_once()
    await pool.execute("UPDATE bulk_actions SET lease_expires_at = now() - interval '1 second'")
    assert await open_runner().work_once()
    assert (await look(action_id)).done == 3


async def test_who_took_an_action_before_can_change_nothing_of_it(
    ask: Ask, look: Any, pool: asyncpg.Pool
) -> None:
    action_id = await ask(PhotoAction.CANCEL, owner="alice")
    first = await take_bulk_action(pool, 60)
    assert first
    await pool.execute("UPDATE bulk_actions SET lease_expires_at = now() - interval '1 second'")
    second = await take_bulk_action(pool, 60)
    assert second
    assert (first.id, second.id) == (action_id, action_id)
    before = await pool.fetchrow("SELECT * FROM bulk_actions")
    assert not await keep_bulk_action(pool, first, 600, done=5, trouble="late")
    assert not await release_bulk_action(pool, first, "1")
    async with pool.acquire() as connection:
        assert not await end_bulk_action(
            connection, action_id, BulkActionState.DONE, claim=first.claim
        )
    assert await pool.fetchrow("SELECT * FROM bulk_actions") == before
    assert await keep_bulk_action(pool, second, 60, done=2)
    assert await release_bulk_action(pool, second, "7")
    assert ((await look(action_id)).done, (await look(action_id)).cursor) == (2, "7")


async def test_two_replicas_share_the_actions_and_do_none_twice(
    ask: Ask, look: Any, open_runner: Any, photos: Any, eventually: Any
) -> None:
    owners = [f"owner {number}" for number in range(6)]
    for owner in owners:
        await photos.add(5, owner=owner)
    ids = [await ask(PhotoAction.CANCEL, owner=owner) for owner in owners]

    async def all_done() -> bool:
        return all([(await look(each)).state is BulkActionState.DONE for each in ids])

    async with running(open_runner()), running(open_runner()):
        await eventually(all_done)
    assert [((await look(each)).done, (await look(each)).refused) for each in ids] == [(5, 0)] * 6


async def test_a_filter_of_another_version_is_done_to_nobody(
    ask: Ask, look: Any, open_runner: Any, photos: Any
) -> None:
    await photos.add(2)
    for fields in ({"status": "ASLEEP"}, {"colour": "red"}):
        action_id = await ask(PhotoAction.DELETE, **fields)
        await open_runner().work_once()
        assert (await look(action_id)).state is BulkActionState.STOPPED
    assert len(await photos.statuses()) == 2


async def test_a_database_that_comes_back_is_worked_with_again(
    ask: Ask,
    look: Any,
    open_runner: Any,
    photos: Any,
    databases: Any,
    database_url: str,
    eventually: Any,
) -> None:
    async with running(open_runner()):
        with databases.unreachable(database_url):
            await asyncio.sleep(0)
        await photos.add(2)
        action_id = await ask(PhotoAction.CANCEL, owner="alice")

        async def is_done() -> bool:
            return bool((await look(action_id)).state is BulkActionState.DONE)

        await eventually(is_done)
