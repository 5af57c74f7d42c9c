"""Lists of tasks, and batches."""

from typing import Any

import httpx
import pytest

from photo.status.v1 import status_service_pb2 as pb
from photo_domain.errors import ErrorCode, RequestError

BATCH_ID = "01919a3c-0000-7abc-8def-0123456789ab"


@pytest.fixture(autouse=True)
async def tasks(service: Any) -> None:
    await service.put("first", "SUCCESS", 3)
    await service.put("second", "FAILURE", 3)
    await service.put("third")


async def test_a_list_has_the_tasks_of_the_visitor(client: httpx.AsyncClient, service: Any) -> None:
    answer = await client.get("/api/tasks")
    assert answer.status_code == 200
    assert [task["task_id"] for task in answer.json()["tasks"]] == ["first", "second", "third"]
    assert answer.json()["next"] is None
    assert "Link" not in answer.headers
    [asked] = service.lists
    assert asked.viewer.owner.startswith("session:")
    assert (asked.page_size, asked.page_token) == (50, "")


async def test_a_list_can_have_one_status_only(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/tasks", params={"status": "FAILURE", "unheard_of": "1"})
    assert [task["task_id"] for task in answer.json()["tasks"]] == ["second"]


async def test_a_page_says_where_the_next_one_is(client: httpx.AsyncClient, service: Any) -> None:
    service.next_page_token = "a b&c"
    answer = await client.get("/api/tasks", params={"status": "SUCCESS", "limit": 1})
    following = answer.json()["next"]
    assert answer.headers["Link"] == f'<{following}>; rel="next"'
    assert answer.links["next"]["url"] == following
    service.lists.clear()
    assert (await client.get(following)).status_code == 200
    [asked] = service.lists
    assert (asked.page_token, asked.page_size) == ("a b&c", 1)
    assert asked.status == pb.TASK_STATUS_SUCCESS


async def test_a_cursor_that_is_none_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/tasks", params={"cursor": "nonsense"})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_cursor")


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"status": "x"}, {"cursor": "x" * 999}]
)
async def test_a_parameter_that_is_wrong_is_named(
    client: httpx.AsyncClient, query: dict[str, Any]
) -> None:
    answer = await client.get("/api/tasks", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"][0]["field"] == f"query.{next(iter(query))}"


async def test_a_batch_tells_how_many_tasks_stand_how_and_what_was_refused(
    client: httpx.AsyncClient, service: Any
) -> None:
    reason = pb.TaskError(code="empty_file", message="The file is empty.")
    service.rejected = [pb.RejectedFile(file_name="a.jpg", errors=[reason])]
    answer = await client.get(f"/api/batches/{BATCH_ID}")
    assert answer.status_code == 200
    batch = answer.json()
    assert batch["batch_id"] == BATCH_ID
    assert batch["totals"] == {"PENDING": 1, "SUCCESS": 1, "FAILURE": 1}
    assert [task["task_id"] for task in batch["tasks"]] == ["first", "second", "third"]
    assert batch["rejected"] == [
        {
            "file_name": "a.jpg",
            "errors": [{"code": "empty_file", "detail": "The file is empty."}],
        }
    ]
    assert answer.headers["Retry-After"] == "1"


async def test_a_batch_that_is_done_need_not_be_asked_for_again(
    client: httpx.AsyncClient, service: Any
) -> None:
    await service.put("third", "SUCCESS", 2)
    answer = await client.get(f"/api/batches/{BATCH_ID}")
    assert answer.json()["totals"] == {"PENDING": 0, "SUCCESS": 2, "FAILURE": 1}
    assert "Retry-After" not in answer.headers


async def test_an_unknown_batch_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/batches/nonsense")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_batch")


@pytest.mark.parametrize("address", ["/api/tasks", f"/api/batches/{BATCH_ID}"])
async def test_what_cannot_be_told_now_is_unavailable(
    client: httpx.AsyncClient, service: Any, address: str
) -> None:
    service.refusal = RequestError(ErrorCode.DATABASE_UNAVAILABLE, "Try again.")
    answer = await client.get(address)
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert "Retry-After" in answer.headers
