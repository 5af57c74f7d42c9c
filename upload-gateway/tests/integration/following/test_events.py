"""Server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from photo_domain.errors import ErrorCode, RequestError
from upload_gateway import event_stream
from upload_gateway.status_client import task_watch

BATCH_ID = "01919a3c-0000-7abc-8def-0123456789ab"
OWN = "/api/events"
OF_BATCH = f"/api/events?batch_id={BATCH_ID}"

Event = dict[str, str]


class Events:
    """The events of one stream, parsed as browsers do (HTML standard, 9.2.6)."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.comments: list[str] = []
        self._lines = response.aiter_lines()

    async def next(self) -> Event | None:
        """The next event, or None at the end of the stream."""
        event: Event = {}
        async with asyncio.timeout(20):
            async for line in self._lines:
                field, _, value = line.partition(": ")
                if not line and "data" in event:
                    return event
                if not field:
                    self.comments.append(value)
                elif line:
                    event[field] = value
        return None

    async def named(self, name: str) -> dict[str, Any]:
        """The data of the next event, which has this name."""
        event = await self.next()
        assert event
        assert event["event"] == name
        data: dict[str, Any] = json.loads(event["data"])
        return data


@asynccontextmanager
async def follow(
    client: httpx.AsyncClient, address: str = OF_BATCH, last_event_id: str | None = None
) -> AsyncIterator[Events]:
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    async with client.stream("GET", address, headers=headers) as response:
        assert response.status_code == 200
        yield Events(response)


async def test_a_stream_says_what_it_is_and_that_nobody_is_to_keep_it(
    client: httpx.AsyncClient, service: Any
) -> None:
    await service.put("a")
    async with follow(client) as events:
        headers = events.response.headers
        assert headers["Content-Type"].startswith("text/event-stream")
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Accel-Buffering"] == "no"
        event = await events.next()
        assert event
        assert 1_000 <= int(event["retry"]) <= 4_000


async def test_a_batch_is_told_as_it_stands_then_as_it_changes_to_its_end(
    client: httpx.AsyncClient, service: Any
) -> None:
    await service.put("a")
    await service.put("b", "SUCCESS", 3)
    async with follow(client) as events:
        first = [await events.named("task") for _ in range(2)]
        assert {task["task_id"]: task["status"] for task in first} == {
            "a": "PENDING",
            "b": "SUCCESS",
        }
        await service.put("a", "FAILURE", 2)
        assert (await events.named("task"))["status"] == "FAILURE"
        assert await events.named("done") == {
            "batch_id": BATCH_ID,
            "totals": {"PENDING": 0, "SUCCESS": 1, "FAILURE": 1},
        }
        assert await events.next() is None


async def test_a_task_is_the_same_document_as_everywhere(
    client: httpx.AsyncClient, service: Any
) -> None:
    await service.put("a", "SUCCESS", 3)
    async with follow(client) as events:
        assert await events.named("task") == (await client.get("/api/task-status/a")).json()


async def test_a_client_that_was_told_of_the_end_is_sent_away(client: httpx.AsyncClient) -> None:
    answer = await client.get(OF_BATCH, headers={"Last-Event-ID": "done"})
    assert (answer.status_code, answer.content) == (204, b"")


async def test_a_client_that_comes_back_is_told_what_changed_since(
    client: httpx.AsyncClient, service: Any
) -> None:
    await service.put("a")
    await service.put("b")
    async with follow(client) as events:
        last = [await events.next() for _ in range(2)][-1]
    assert last
    await service.put("b", "SUCCESS", 2)
    async with follow(client, last_event_id=last["id"]) as events:
        assert (await events.named("task"))["task_id"] == "b"
    async with follow(client, f"{OF_BATCH}&last_event_id={last['id']}") as events:
        assert (await events.named("task"))["task_id"] == "b"


async def test_an_id_that_is_not_ours_counts_as_none(
    client: httpx.AsyncClient, service: Any
) -> None:
    await service.put("a", "SUCCESS", 3)
    for last_event_id in ("nonsense", "x" * 5_000):
        async with follow(client, last_event_id=last_event_id) as events:
            assert (await events.named("task"))["task_id"] == "a"
            await events.named("done")


async def test_one_stream_tells_of_all_batches_of_a_visitor(
    client: httpx.AsyncClient, service: Any
) -> None:
    async with follow(client, OWN) as events:
        await service.until(lambda: service.open_watches == 1)
        assert service.watches[0].viewer.owner.startswith("session:")
        await service.put("a")
        assert (await events.named("task"))["task_id"] == "a"
        await service.put("a", "SUCCESS", 2)
        assert (await events.named("task"))["status"] == "SUCCESS"
        await service.remove("a")
        assert await events.named("deleted") == {"task_id": "a", "batch_id": BATCH_ID}
        await service.put("b")
        assert (await events.named("task"))["task_id"] == "b"


async def test_a_client_that_was_told_of_no_change_yet_can_come_back_all_the_same(
    client: httpx.AsyncClient, service: Any
) -> None:
    service.signs_of_life = ["7", "7", ""]
    async with client.stream("GET", OWN) as response:
        lines = response.aiter_lines()
        head = [await anext(lines) for _ in range(4)]
        await service.put("a")
        after = [await anext(lines) for _ in range(2)]
    assert head[1:] == ["", "id: 7", ""]
    assert after == ["id: 1", "event: task"]


async def test_a_visitor_without_a_session_has_nothing_to_follow(
    client: httpx.AsyncClient,
) -> None:
    client.cookies.clear()
    assert (await client.get(OWN)).status_code == 204


@pytest.mark.parametrize("error", [None, RuntimeError("a text that nobody may see")])
async def test_a_stream_goes_on_when_the_one_behind_it_breaks_and_repeats_nothing(
    client: httpx.AsyncClient, service: Any, error: Exception | None
) -> None:
    await service.put("a")
    await service.put("b")
    async with follow(client) as events:
        await events.named("task")
        await events.named("task")
        service.watch_refusals = [RequestError(ErrorCode.DATABASE_UNAVAILABLE, "Down.")]
        await service.break_streams(error)
        await service.put("a", "SUCCESS", 2)
        assert (await events.named("task"))["task_id"] == "a"
        await service.put("b", "SUCCESS", 2)
        assert (await events.named("task"))["task_id"] == "b"
        await events.named("done")
    assert service.watches[-1].cursor == "2"


async def test_a_stream_ends_when_its_source_stays_away(
    client: httpx.AsyncClient, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_watch, "_OUTAGE_SECONDS", 0.2)
    await service.put("a")
    async with follow(client) as events:
        await events.named("task")
        service.watch_refusals = [RequestError(ErrorCode.DATABASE_UNAVAILABLE, "Down.")] * 100
        await service.break_streams()
        assert await events.next() is None


async def test_a_source_that_gives_no_sign_of_life_is_left_for_another(
    client: httpx.AsyncClient, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_watch, "_SILENCE_SECONDS", 0.1)
    await service.put("a")
    async with follow(client) as events:
        await events.named("task")
        await service.until(lambda: len(service.watches) > 1)
        await service.put("a", "SUCCESS", 2)
        assert (await events.named("task"))["status"] == "SUCCESS"


async def test_a_client_that_leaves_frees_what_fed_its_stream(
    client: httpx.AsyncClient, service: Any, watch: Any
) -> None:
    async with follow(client, OWN):
        await service.until(lambda: service.open_watches == 1)
    await service.until(lambda: service.open_watches == 0)
    await service.until(lambda: not watch._open)


async def test_streams_end_at_once_when_the_process_is_to_end(
    client: httpx.AsyncClient, service: Any, watch: Any
) -> None:
    await service.put("a")
    async with follow(client, OWN) as own, follow(client) as of_batch:
        await service.until(lambda: service.open_watches == 2)
        await own.named("task")
        await of_batch.named("task")
        watch.stop()
        assert await own.next() is None
        assert await of_batch.next() is None


async def test_a_silent_stream_has_heartbeats(
    client: httpx.AsyncClient, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.05)
    async with follow(client, OWN) as events:
        await service.until(lambda: service.open_watches == 1)
        reading = asyncio.create_task(events.next())
        await service.until(lambda: len(events.comments) > 1)
        await service.put("a")
        assert await reading


async def test_an_unknown_batch_is_a_problem_and_no_stream(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/events", params={"batch_id": "nonsense"})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_batch")
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_one_stream_too_many_is_refused(
    client: httpx.AsyncClient, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_watch, "MAX_WATCHES", 1)
    async with follow(client, OWN):
        await service.until(lambda: service.open_watches == 1)
        answer = await client.get(OWN)
        assert (answer.status_code, answer.json()["code"]) == (503, "too_many_streams")
        assert "Retry-After" in answer.headers


async def test_a_look_at_the_headers_opens_no_stream(
    client: httpx.AsyncClient, service: Any
) -> None:
    await service.put("a")
    answer = await client.head(OF_BATCH)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert service.watches == []
