"""One task: entity tags, and answers that wait for news."""

import asyncio
from typing import Any

import httpx
import pytest

from photo_domain.errors import ErrorCode, RequestError
from upload_gateway.status_client import task_watch

TASK_ID = "01919a3c-5e00-7abc-8def-0123456789ab"
ADDRESS = f"/api/task-status/{TASK_ID}"


@pytest.fixture
async def task(service: Any) -> str:
    """A task that is PENDING, in revision 1."""
    await service.put(TASK_ID)
    return TASK_ID


async def test_a_state_has_a_weak_tag_and_is_asked_for_anew_each_time(
    client: httpx.AsyncClient, service: Any, task: str
) -> None:
    answer = await client.get(ADDRESS)
    assert answer.headers["ETag"] == 'W/"1"'
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Retry-After"] == "1"
    await service.put(TASK_ID, "SUCCESS", 2)
    answer = await client.get(ADDRESS)
    assert answer.headers["ETag"] == 'W/"2"'
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize("tags", ['W/"1"', '"1"', 'W/"x", W/"1"', '"7","1"', "*"])
async def test_a_state_that_the_client_knows_is_not_sent_again(
    client: httpx.AsyncClient, task: str, tags: str
) -> None:
    answer = await client.get(ADDRESS, headers={"If-None-Match": tags})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["ETag"] == 'W/"1"'
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize("tags", ['W/"2"', '"11"', "1", 'W/"', ""])
async def test_a_state_that_the_client_does_not_know_is_sent(
    client: httpx.AsyncClient, task: str, tags: str
) -> None:
    answer = await client.get(ADDRESS, headers={"If-None-Match": tags})
    assert (answer.status_code, answer.json()["task_id"]) == (200, TASK_ID)


async def test_several_headers_of_tags_are_one_list(client: httpx.AsyncClient, task: str) -> None:
    answer = await client.get(
        ADDRESS, headers=[("If-None-Match", '"7"'), ("If-None-Match", 'W/"1"')]
    )
    assert answer.status_code == 304


@pytest.mark.parametrize("tags", [None, 'W/"1"'])
async def test_an_answer_that_may_wait_comes_when_the_task_changes(
    client: httpx.AsyncClient, service: Any, task: str, tags: str | None
) -> None:
    headers = {"Prefer": "wait=30"} | ({"If-None-Match": tags} if tags else {})
    waiting = asyncio.create_task(client.get(ADDRESS, headers=headers))
    await service.until(lambda: service.open_watches == 1)
    await service.put(TASK_ID, "FAILURE", 2)
    answer = await waiting
    assert (answer.status_code, answer.json()["status"]) == (200, "FAILURE")
    assert answer.headers["ETag"] == 'W/"2"'
    assert answer.headers["Preference-Applied"] == "wait=30"
    await service.until(lambda: service.open_watches == 0)


async def test_a_change_that_the_client_does_not_know_yet_is_answered_at_once(
    client: httpx.AsyncClient, service: Any, task: str
) -> None:
    answer = await client.get(ADDRESS, headers={"Prefer": "wait=30", "If-None-Match": 'W/"0"'})
    assert (answer.status_code, answer.headers["ETag"]) == (200, 'W/"1"')
    assert service.watches == []


async def test_a_change_between_two_looks_is_not_missed(
    client: httpx.AsyncClient, service: Any, task: str
) -> None:
    service.after_a_look = lambda: service.put(TASK_ID, "SUCCESS", 2)
    answer = await client.get(ADDRESS, headers={"Prefer": "wait=30", "If-None-Match": 'W/"1"'})
    assert answer.headers["ETag"] == 'W/"2"'


@pytest.mark.parametrize(
    ("tags", "expected"), [(None, 200), ('W/"1"', 304)], ids=["anything", "news"]
)
async def test_an_answer_without_news_comes_at_the_end_of_the_wait(
    client: httpx.AsyncClient, service: Any, task: str, tags: str | None, expected: int
) -> None:
    headers = {"Prefer": "wait=1"} | ({"If-None-Match": tags} if tags else {})
    answer = await client.get(ADDRESS, headers=headers)
    assert answer.status_code == expected
    assert answer.headers["Preference-Applied"] == "wait=1"
    assert answer.headers["Retry-After"] == "0"
    await service.until(lambda: service.open_watches == 0)


async def test_a_task_that_has_ended_is_answered_at_once(
    client: httpx.AsyncClient, service: Any
) -> None:
    await service.put(TASK_ID, "SUCCESS", 4)
    answer = await client.get(ADDRESS, headers={"Prefer": "wait=30", "If-None-Match": 'W/"4"'})
    assert answer.status_code == 304
    assert service.watches == []


async def test_a_task_that_is_deleted_meanwhile_is_unknown(
    client: httpx.AsyncClient, service: Any, task: str
) -> None:
    waiting = asyncio.create_task(client.get(ADDRESS, headers={"Prefer": "wait=30"}))
    await service.until(lambda: service.open_watches == 1)
    await service.remove(TASK_ID)
    answer = await waiting
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_task")


async def test_a_wait_outlives_the_stream_that_feeds_it(
    client: httpx.AsyncClient, service: Any, task: str
) -> None:
    waiting = asyncio.create_task(client.get(ADDRESS, headers={"Prefer": "wait=30"}))
    await service.until(lambda: service.open_watches == 1)
    await service.break_streams()
    await service.until(lambda: service.open_watches == 1)
    await service.put(TASK_ID, "SUCCESS", 2)
    assert (await waiting).headers["ETag"] == 'W/"2"'


async def test_without_a_stream_the_answer_is_how_the_task_stood(
    client: httpx.AsyncClient, service: Any, task: str
) -> None:
    service.watch_refusals = [RequestError(ErrorCode.DATABASE_UNAVAILABLE, "Down.")] * 100
    answer = await client.get(ADDRESS, headers={"Prefer": "wait=1"})
    assert (answer.status_code, answer.headers["ETag"]) == (200, 'W/"1"')


async def test_a_client_that_hangs_up_frees_what_waits_for_it(
    client: httpx.AsyncClient, service: Any, task: str, watch: Any
) -> None:
    waiting = asyncio.create_task(client.get(ADDRESS, headers={"Prefer": "wait=30"}))
    await service.until(lambda: service.open_watches == 1)
    waiting.cancel()
    await asyncio.wait({waiting})
    await service.until(lambda: service.open_watches == 0)
    await service.until(lambda: not watch._open)


async def test_an_answer_does_not_wait_once_the_process_is_to_end(
    client: httpx.AsyncClient, service: Any, task: str, watch: Any
) -> None:
    waiting = asyncio.create_task(client.get(ADDRESS, headers={"Prefer": "wait=30"}))
    await service.until(lambda: service.open_watches == 1)
    watch.stop()
    assert (await waiting).status_code == 200


async def test_answers_do_not_wait_where_too_many_do(
    client: httpx.AsyncClient, service: Any, task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_watch, "MAX_WATCHES", 1)
    waiting = asyncio.create_task(client.get(ADDRESS, headers={"Prefer": "wait=30"}))
    await service.until(lambda: service.open_watches == 1)
    answer = await client.get(ADDRESS, headers={"Prefer": "wait=30"})
    assert answer.status_code == 200
    assert "Preference-Applied" not in answer.headers
    assert answer.headers["Retry-After"] == "1"
    await service.put(TASK_ID, "SUCCESS", 2)
    await waiting


async def test_a_line_feed_is_the_id_of_no_task(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/task-status/%0A")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_task")


async def test_an_unknown_task_is_unknown_at_once(client: httpx.AsyncClient) -> None:
    answer = await client.get(ADDRESS, headers={"Prefer": "wait=30"})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_task")
