"""What a watch keeps for its stream, and how far its cursors promise."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from photo_domain.errors import ErrorCode, RequestError
from photo_records.watch_reads import ChangedTask
from status_service.task_watch import (
    MAX_WAITING,
    OVERLAP,
    DeletedTask,
    TaskWatch,
    WatchEvent,
    WatchScope,
)

START = datetime(2026, 5, 1, tzinfo=UTC)
BATCH = UUID(int=1)


def row(task_id: UUID, revision: int, second: int, status: str = "PENDING") -> Any:
    changed_at = START + timedelta(seconds=second)
    return {"task_id": task_id, "revision": revision, "changed_at": changed_at, "status": status}


def found(task_id: UUID, revision: int, changed_at: datetime) -> ChangedTask:
    return ChangedTask(task_id, 1, revision, changed_at, "owner", BATCH)


def told(events: list[WatchEvent]) -> list[tuple[UUID, int]]:
    return [(event.row["task_id"], event.row["revision"]) for event in events if event.row]


@pytest.fixture
def watch() -> TaskWatch:
    """The stream of an owner, which has told how its tasks stand."""
    watch = TaskWatch(WatchScope("owner"))
    watch.looked(START + timedelta(seconds=100))
    return watch


async def test_only_the_newest_state_of_a_task_waits_and_none_is_told_twice(
    watch: TaskWatch,
) -> None:
    task_id = uuid4()
    for revision in (1, 3, 2, 3):
        watch.offer(row(task_id, revision, revision))
    assert told(await watch.take(10)) == [(task_id, 3)]
    watch.offer(row(task_id, 3, 3))
    assert told(await watch.take(0.001)) == []


async def test_a_cursor_never_promises_what_is_still_to_be_told(watch: TaskWatch) -> None:
    older, newer, newest = uuid4(), uuid4(), uuid4()
    watch.offer(row(newest, 1, 200))
    watch.offer(row(newer, 1, 90))
    watch.offer(row(older, 1, 50))
    events = await watch.take(10)
    assert told(events) == [(older, 1), (newer, 1), (newest, 1)]
    seconds = [(event.cursor.told_until - START).total_seconds() for event in events]
    # The second one is followed by a change that is newer than the last look.
    assert seconds == [90, 100, 100]


async def test_a_watch_that_falls_behind_drops_what_waits_and_says_since_when(
    watch: TaskWatch,
) -> None:
    task_ids = [uuid4() for _ in range(MAX_WAITING + 1)]
    for second, task_id in enumerate(task_ids):
        watch.offer(row(task_id, 1, second + 50))
    assert watch.is_behind
    watch.offer(row(uuid4(), 1, 10))
    watch.looked(START + timedelta(seconds=1000))
    assert told(await watch.take(10)) == []
    assert watch.catch_up().told_until == START + timedelta(seconds=50)
    assert not watch.is_behind
    # What was dropped is news again.
    assert watch.is_news(task_ids[0], 1)


async def test_what_waits_through_later_looks_is_not_promised_as_told(watch: TaskWatch) -> None:
    watch.offer(row(uuid4(), 1, 101))
    watch.looked(START + timedelta(seconds=1000))
    assert watch.told_until == START + timedelta(seconds=101)
    await watch.take(10)
    assert watch.told_until == START + timedelta(seconds=1000)


async def test_a_watch_may_fall_behind_long_after_its_first_change_began_to_wait(
    watch: TaskWatch,
) -> None:
    for second in range(MAX_WAITING):
        watch.offer(row(uuid4(), 1, second))
    watch.looked(START + timedelta(seconds=1000))
    watch.admit(row(uuid4(), 1, 999))
    watch.looked(START + timedelta(seconds=2000))
    watch.offer(row(uuid4(), 1, 1999))
    assert watch.is_behind
    assert watch.catch_up().told_until == START


async def test_nothing_is_told_of_a_task_after_its_end(watch: TaskWatch) -> None:
    deleted = DeletedTask(uuid4(), BATCH)
    watch.offer(row(deleted.task_id, 1, 1))
    watch.offer_deleted(deleted)
    watch.offer_deleted(deleted)
    watch.offer(row(deleted.task_id, 2, 2))
    [event] = await watch.take(10)
    assert event.deleted == deleted


async def test_the_stream_of_a_batch_is_over_once_all_ends_were_taken() -> None:
    watch = TaskWatch(WatchScope("owner", BATCH))
    watch.looked(START)
    first, second = uuid4(), uuid4()
    assert watch.admit(row(first, 1, 0))
    assert watch.admit(row(second, 1, 0))
    watch.offer(row(first, 2, 1, "SUCCESS"))
    watch.offer_deleted(DeletedTask(second, BATCH))
    assert not watch.is_over
    assert len(await watch.take(10)) == 2
    assert watch.is_over


def test_a_look_finds_only_what_it_may_not_have_seen_before(watch: TaskWatch) -> None:
    assert watch.looked_at
    task_id = uuid4()
    limit = watch.looked_at - OVERLAP
    assert not watch.missed(found(task_id, 1, limit))
    assert watch.missed(found(task_id, 1, limit + timedelta(seconds=1)))
    watch.offer(row(task_id, 1, 1))
    assert not watch.missed(found(task_id, 1, limit + timedelta(seconds=1)))
    assert watch.missed(found(task_id, 2, limit + timedelta(seconds=1)))


async def test_what_is_known_of_tasks_does_not_grow_for_ever(watch: TaskWatch) -> None:
    for second in range(5_000):
        watch.offer(row(uuid4(), 1, second + 100))
        if second % 50 == 0:
            await watch.take(10)
            watch.looked(START + timedelta(seconds=second + 100))
    assert len(watch._revisions) <= MAX_WAITING + OVERLAP.total_seconds() + 50


async def test_an_interrupted_watch_says_so(watch: TaskWatch) -> None:
    watch.interrupt()
    with pytest.raises(RequestError) as caught:
        await watch.take(10)
    assert caught.value.code is ErrorCode.STREAM_INTERRUPTED
